import Coordination
import Digests
import Files
import Foundation
import Reports
import Store
import Transfers
import Trials

/// Checks a sweep's folder: its record, its blobs and its outputs.
///
/// Changes nothing. Outputs are compared only while no coordinator runs, since that may be writing
/// them. ``OutputLedger`` distinguishes outdated outputs from those that somebody changed or
/// deleted.
package struct SweepCheck: Codable, Hashable, Sendable {
  /// A problem and its remedy.
  package struct Finding: Codable, Hashable, Sendable {
    /// How bad it is.
    package enum Kind: String, Codable, Sendable {
      /// Its bytes differ from those written.
      case damaged
      /// It was written and is gone.
      case missing
      /// It is as written, but the record has grown since.
      case stale
    }

    package var kind: Kind
    package var place: String
    package var found: String
    package var remedy: String
  }

  /// The problems found.
  package private(set) var findings: [Finding] = []
  /// Harmless remarks.
  package private(set) var notes: [String] = []
  /// Records of the journal that were read and replayed.
  package private(set) var recordCount = 0
  /// Results whose checksums were verified.
  package private(set) var resultCount = 0
  /// Results with the same bytes in log and database, including those of trials that are no longer
  /// planned.
  package private(set) var loggedResultCount = 0
  /// Blobs whose digests were verified.
  package private(set) var blobCount = 0
  /// Outputs that were rebuilt and compared.
  package private(set) var outputCount = 0

  /// Files of results that are damaged or missing.
  private(set) var lackingBlobs: Set<Digest> = []

  private enum CodingKeys: String, CodingKey {
    case findings, notes, recordCount, resultCount, loggedResultCount, blobCount, outputCount
  }

  /// Whether nothing is damaged or missing; stale files count as sound.
  package var isSound: Bool { findings.allSatisfy { $0.kind == .stale } }

  /// Reads everything in a sweep's folder.
  ///
  /// - Throws: `StoreError` when there is no sweep at all, or the file system does not let its record
  ///   be read.
  package init(_ folder: URL) throws {
    do {
      let reader = try SweepReader.open(directory: folder)
      for problem in try reader.integrityProblems() {
        add(.damaged, "sweep.sqlite", problem, Self.storeRemedy)
      }
      if let salvage = try reader.salvage() { notes.append("\(salvage)") }
      let plan = try reader.plan()
      let journal = try reader.history().map(\.record)
      recordCount = journal.count
      let checkpoints = replay(plan, journal)
      checkLog(try reader.resultLogCheck())
      let results = SweepResults(plan: plan, records: journal)
      checkBlobs(of: results, journal, in: folder)
      checkCheckpoints(checkpoints, in: folder)
      if try ControlSocket.isServed(in: folder) {
        notes.append("a coordinator runs the sweep: its outputs were not compared")
      } else {
        checkOutputs(of: results, in: folder)
      }
    } catch let error as StoreError {
      switch error {
      // Nothing was read of the record, so nothing is known about it.
      case .missing, .readOnly, .diskFull, .busy, .inputOutput: throw error
      default: break
      }
      add(.damaged, "sweep.sqlite", "\(error)", Self.storeRemedy)
    }
  }

  private static let storeRemedy = """
    restore the folder from a copy; without one, `coordinator check DIR --salvage NEW-DIR` brings \
    every result that can be proved into a new folder, and `coordinator run --out NEW-DIR` computes \
    the others anew, to the same bits
    """

  private static let logRemedy = """
    the database has every result: stop the coordinator, move results.log out of the folder, and \
    the next `coordinator run` writes it anew from the database
    """

  /// How to recreate a file of a result.
  private static func blobRemedy(_ trials: [TrialID], _ kind: ArtifactKind, in folder: URL)
    -> String
  {
    let names = trials.map(\.description).joined(separator: " ")
    return
      "the numbers are safe in the record; `coordinator discard \(folder.shellWord) \(names) "
      + "--why \"\(kind.rawValue) is lost\"` has the trial computed again, to the same bits, by the "
      + "next or the present `coordinator run`"
  }

  mutating func add(
    _ kind: Finding.Kind, _ place: String, _ found: String, _ remedy: String
  ) {
    let finding = Finding(kind: kind, place: place, found: found, remedy: remedy)
    if !findings.contains(finding) { findings.append(finding) }
  }

  /// Counts an output that was compared.
  mutating func countOutput() { outputCount += 1 }

  /// Whether a file of a result is damaged or missing; that has its own finding.
  func isLacking(_ blob: Digest) -> Bool { lackingBlobs.contains(blob) }

  /// Adds a harmless remark.
  mutating func note(_ note: String) { notes.append(note) }

  /// - Returns: The checkpoints from which trials, or longer runs of them, can resume.
  private mutating func replay(_ plan: SweepPlan, _ journal: [JournalRecord]) -> Set<Digest> {
    var coordinator = Coordinator(plan: plan.trials, settings: CoordinationSettings())
    do {
      for record in journal { try coordinator.replay(record) }
    } catch {
      add(.damaged, "sweep.sqlite", "\(error)", Self.storeRemedy)
    }
    return coordinator.checkpointDigests
  }

  /// A missing checkpoint costs only time, so only damaged ones are reported.
  private mutating func checkCheckpoints(_ checkpoints: Set<Digest>, in folder: URL) {
    for digest in checkpoints.sorted() {
      do throws(TransferError) {
        try BlobStore.verify(digest, in: folder.appending(path: "blobs"))
        blobCount += 1
      } catch {
        if case .missing = error { continue }
        blobCount += 1
        add(
          .damaged, "blobs/", "a checkpoint: \(error)",
          "no result is lost; remove the file: trials that would resume from it resume from an "
            + "earlier one or start from step 0, to the same bits")
      }
    }
  }

  /// If the log lacks results, the remedy is to rewrite it; if the database does, to salvage.
  private mutating func checkLog(_ check: ResultLogCheck) {
    loggedResultCount = check.resultCount
    for problem in check.logProblems { add(.damaged, "results.log", problem, Self.logRemedy) }
    for problem in check.databaseProblems {
      add(.damaged, "sweep.sqlite", problem, Self.storeRemedy)
    }
  }

  private mutating func checkBlobs(
    of results: SweepResults, _ journal: [JournalRecord], in folder: URL
  ) {
    let blobFolder = folder.appending(path: "blobs")
    var owners: [Digest: (kind: ArtifactKind, trials: [TrialID])] = [:]
    for trial in results.trials {
      guard let result = trial.result else { continue }
      resultCount += 1
      if let defect = result.defect {
        add(
          .damaged, "sweep.sqlite",
          "the result of trial \(trial.planned.id) is impossible for this trial: \(defect)",
          "`coordinator discard \(folder.shellWord) \(trial.planned.id) --why \"it is false\"` has "
            + "the trial computed again by the next or the present `coordinator run`")
      }
      for artifact in result.artifacts {
        owners[artifact.digest, default: (artifact.kind, [])].trials.append(trial.planned.id)
      }
    }
    for (digest, owner) in owners.sorted(by: { $0.key < $1.key }) {
      blobCount += 1
      do throws(TransferError) {
        try BlobStore.verify(digest, in: blobFolder)
      } catch {
        lackingBlobs.insert(digest)
        let isMissing = if case .missing = error { true } else { false }
        let names = owner.trials.map(\.description).joined(separator: ", ")
        add(
          isMissing ? .missing : .damaged, "blobs/",
          "\(owner.kind.rawValue) of trial \(names): "
            + (isMissing ? "it is not there" : "\(error)"),
          Self.blobRemedy(owner.trials, owner.kind, in: folder))
      }
    }
    var named = Set(owners.keys)
    for record in journal {
      switch record {
      case .checkpointRecorded(_, _, let checkpoint), .resultRecorded(_, _, _, _, let checkpoint?):
        named.insert(checkpoint.digest)
      default: continue
      }
    }
    noteOrphans(besides: named, in: blobFolder)
  }

  /// Notes blobs that nothing names, such as files of trials that are no longer planned.
  private mutating func noteOrphans(besides named: Set<Digest>, in folder: URL) {
    let keys: [URLResourceKey] = [.fileSizeKey, .isRegularFileKey]
    let files = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: keys)
    var (count, bytes) = (0, 0)
    for case let file as URL in files ?? FileManager.DirectoryEnumerator() {
      let parts = file.pathComponents.suffix(2)
      guard let digest = Digest(hexadecimal: parts.joined()), !named.contains(digest) else {
        continue
      }
      count += 1
      bytes += (try? file.resourceValues(forKeys: Set(keys)).fileSize) ?? 0
    }
    if count > 0 {
      notes.append("\(count) blobs, \(bytes) bytes, are named by no result of the sweep as planned")
    }
  }
}
