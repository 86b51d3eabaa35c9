import Coordination
import Digests
import Foundation
import Store
import Transfers
import Trials

/// Results in other sweeps' records that a sweep may take over.
///
/// A result is taken over when it is the answer to the very same question: the configuration that
/// ran is equal in every setting, with the tolerance to the last bit, the seed and the milestones; it
/// was trained on the same images; its numbers are ones that the trial can have; and a build of the
/// same release computed it, unless any build will do. It must be proved: its bytes are read from a record whose checksums hold, and each of its
/// files is there with its digest.
struct ReusableResults {
  /// A result that may be taken over.
  struct Candidate {
    var origin: ReuseOrigin
    var blobs: URL
    var result: ReceivedResult
  }

  private var candidates: [TrialID: [Candidate]] = [:]
  /// Results that are not taken over, since they cannot be their trials', with a clause on each.
  private(set) var refusals: [String] = []

  /// No results.
  init() {}

  /// Reads the records in other sweeps' folders.
  ///
  /// - Parameter anyBuild: Whether results of other releases may be taken over, too.
  /// - Throws: `StoreError` when a folder has no record, or a damaged one.
  init(folders: [URL], anyBuild: Bool) throws {
    for folder in folders {
      let reader = try SweepReader.open(directory: folder)
      let origin = ReuseOrigin(folder: folder.relativePath, sweepID: try reader.identity())
      for (trial, result) in try reader.receivedResults() {
        let provenance = result.result.provenance
        guard anyBuild || Self.release(of: provenance) == ProductVersion.release else { continue }
        if let defect = result.result.defect {
          refusals.append(
            "the result of trial \(trial) in \(folder.relativePath) cannot be its trial's, and is not "
              + "taken over: \(defect)")
          continue
        }
        candidates[provenance.configuration.id, default: []].append(
          Candidate(
            origin: origin, blobs: folder.appending(path: "blobs"), result: result))
      }
    }
  }

  /// The results that answer a configuration, every parameter resolved; of the earliest folder first.
  ///
  /// - Parameter images: The archive that the trial would train on; nil for any.
  func candidates(for configuration: TrialConfiguration, images: Digest?) -> [Candidate] {
    (candidates[configuration.id] ?? []).filter { candidate in
      let provenance = candidate.result.result.provenance
      return provenance.configuration == configuration
        && images.map { $0 == provenance.images } ?? true
    }
  }

  /// The release that computed a result: the version without the build.
  private static func release(of provenance: TrialProvenance) -> String {
    String(provenance.build.prefix { $0 != "+" })
  }
}
