import Coordination
import Digests
import Foundation
import Reports
import Store
import Transfers
import Trials

/// Whether a sweep's folder is sound: its record, its blobs and its outputs.
///
/// Nothing is changed. The outputs are compared only while no coordinator runs, which would be
/// about to write them.
package struct SweepCheck: Codable, Hashable, Sendable {
  /// Something that is damaged, and what to do.
  package struct Damage: Codable, Hashable, Sendable {
    package var place: String
    package var found: String
    package var remedy: String
  }

  /// What is damaged; empty when all is sound.
  package private(set) var damage: [Damage] = []
  /// What is not as it might be, and does no harm.
  package private(set) var notes: [String] = []
  /// Records of the journal that were read and replayed.
  package private(set) var recordCount = 0
  /// Results that were held against their checksums.
  package private(set) var resultCount = 0
  /// Results that the log and the database have with the same bytes, also of trials that are no
  /// longer planned.
  package private(set) var loggedResultCount = 0
  /// Blobs that were read and held against their digests.
  package private(set) var blobCount = 0
  /// Outputs that were made anew and compared.
  package private(set) var outputCount = 0

  /// Whether nothing is damaged.
  package var isSound: Bool { damage.isEmpty }

  /// Reads everything in a sweep's folder.
  ///
  /// - Throws: `StoreError.missing` when there is no sweep at all.
  package init(_ folder: URL) throws {
    do {
      let reader = try SweepReader.open(directory: folder)
      for problem in try reader.integrityProblems() {
        add("sweep.sqlite", problem, Self.storeRemedy)
      }
      if let salvage = try reader.salvage() { notes.append("\(salvage)") }
      let plan = try reader.plan()
      let journal = try reader.history().map(\.record)
      recordCount = journal.count
      replay(plan, journal)
      checkLog(try reader.resultLogCheck())
      let results = SweepResults(plan: plan, records: journal)
      checkBlobs(of: results, journal, in: folder)
      if try ControlSocket.isServed(in: folder) {
        notes.append("a coordinator runs the sweep: its outputs were not compared")
      } else {
        checkOutputs(of: results, in: folder)
      }
    } catch let error as StoreError {
      if case .missing = error { throw error }
      add("sweep.sqlite", "\(error)", Self.storeRemedy)
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

  private static let blobRemedy = """
    the numbers are safe in the record; the file comes back from `coordinator plan --json` and \
    `worker trial`, which compute it anew to the same bits
    """

  private mutating func add(_ place: String, _ found: String, _ remedy: String) {
    let damage = Damage(place: place, found: found, remedy: remedy)
    if !self.damage.contains(damage) { self.damage.append(damage) }
  }

  private mutating func replay(_ plan: SweepPlan, _ journal: [JournalRecord]) {
    var coordinator = Coordinator(plan: plan.trials, settings: CoordinationSettings())
    do {
      for record in journal { try coordinator.replay(record) }
    } catch {
      add("sweep.sqlite", "\(error)", Self.storeRemedy)
    }
  }

  /// A log that is less than the database is written anew; a database that is less is salvaged.
  private mutating func checkLog(_ check: ResultLogCheck) {
    loggedResultCount = check.resultCount
    for problem in check.logProblems { add("results.log", problem, Self.logRemedy) }
    for problem in check.databaseProblems { add("sweep.sqlite", problem, Self.storeRemedy) }
  }

  private mutating func checkBlobs(
    of results: SweepResults, _ journal: [JournalRecord], in folder: URL
  ) {
    let blobFolder = folder.appending(path: "blobs")
    var named: [Digest: String] = [:]
    for trial in results.trials {
      guard let result = trial.result else { continue }
      resultCount += 1
      for artifact in result.artifacts where named[artifact.digest] == nil {
        named[artifact.digest] = "\(artifact.kind.rawValue) of trial \(trial.planned.id)"
      }
    }
    for (digest, what) in named.sorted(by: { $0.key < $1.key }) {
      blobCount += 1
      do {
        try BlobStore.verify(digest, in: blobFolder)
      } catch {
        add("blobs/", "\(what): \(error)", Self.blobRemedy)
      }
    }
    for record in journal {
      switch record {
      case .checkpointRecorded(_, _, let checkpoint), .resultRecorded(_, _, _, _, let checkpoint?):
        named[checkpoint.digest] = "checkpoint"
      default: continue
      }
    }
    noteOrphans(besides: Set(named.keys), in: blobFolder)
  }

  /// Tells of blobs that nothing names, such as files of trials that are no longer planned.
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

  private mutating func checkOutputs(of results: SweepResults, in folder: URL) {
    let manager = FileManager.default
    let fresh = manager.temporaryDirectory.appending(path: "check-\(UUID().uuidString)")
    defer { try? manager.removeItem(at: fresh) }
    let remedy = "`coordinator report \(folder.relativePath)` writes the outputs anew"
    do {
      try manager.createDirectory(at: fresh, withIntermediateDirectories: true)
      let blobs = folder.appending(path: "blobs")
      var writer = ReportWriter(directory: fresh) { artifact in
        try Data(contentsOf: BlobStore.url(for: artifact.digest, in: blobs))
      }
      let outcome = writer.write(results)
      for path in outcome.written {
        outputCount += 1
        let (made, found) = (fresh.appending(path: path), folder.appending(path: path))
        guard !manager.contentsEqual(atPath: made.path, andPath: found.path) else { continue }
        add(
          path, manager.fileExists(atPath: found.path) ? "differs from the record" : "is missing",
          remedy)
      }
    } catch {
      add("outputs", "\(error)", remedy)
    }
  }
}

extension SweepCheck {
  /// The findings for people, ending with a line break.
  package var text: String {
    var lines = [
      "\(recordCount) records, \(resultCount) results, \(blobCount) blobs and \(outputCount) "
        + "outputs were checked; the log of results has \(loggedResultCount) of the results"
    ]
    for damage in damage {
      lines.append("DAMAGED \(damage.place): \(damage.found)")
      lines.append("  \(damage.remedy)")
    }
    lines += notes.map { "note: \($0)" }
    if isSound { lines.append("all is sound") }
    return lines.joined(separator: "\n") + "\n"
  }

  /// The findings as JSON.
  package var json: String {
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return String(decoding: (try? encoder.encode(self)) ?? Data(), as: UTF8.self) + "\n"
  }
}
