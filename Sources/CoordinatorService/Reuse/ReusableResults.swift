import Coordination
import Digests
import Foundation
import Store
import Transfers
import Trials

/// Results in other sweeps' records that a sweep may reuse.
///
/// A result is reused if its resolved configuration is identical in every setting (including
/// tolerance, seed and milestones), it was trained on the same images, its numbers are possible for
/// the trial, and a build of the same release computed it (unless any build is accepted). The
/// record's checksums must hold, and every file must be present with its digest.
struct ReusableResults {
  /// A result that may be reused.
  struct Candidate {
    var origin: ReuseOrigin
    var blobs: URL
    var result: ReceivedResult
  }

  private var candidates: [TrialID: [Candidate]] = [:]
  /// The refused results, which do not fit their trials, with a clause on each.
  private(set) var refusals: [String] = []

  /// No results.
  init() {}

  /// Reads the records in other sweeps' folders.
  ///
  /// - Parameter anyBuild: Whether results of other releases may be reused too.
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
            "the result of trial \(trial) in \(folder.relativePath) is impossible for this trial, and is "
              + "not reused: \(defect)")
          continue
        }
        candidates[provenance.configuration.id, default: []].append(
          Candidate(
            origin: origin, blobs: folder.appending(path: "blobs"), result: result))
      }
    }
  }

  /// The results of a resolved configuration, in the order of the folders.
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
