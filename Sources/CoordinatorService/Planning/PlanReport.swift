import Digests
import Foundation
import Images
import Sweeps
import Trials

/// `coordinator plan` and `coordinator settings`.
package enum PlanReport {
  /// The trials and cost of a sweep, as text or as JSON.
  ///
  /// Epochs are converted with the prepared archives, otherwise with the published sizes.
  ///
  /// - Parameters:
  ///   - reuse: Folders of sweeps whose results would be reused.
  ///   - anyBuild: Whether results of other releases would be reused too.
  /// - Throws: `SweepFileError` with all errors in the file, `PlanDefects` for trials that would
  ///   fail, `StoreError` for a folder without a record.
  package static func text(
    _ request: SweepRequest, reuse: [URL] = [], anyBuild: Bool = false, asJSON: Bool
  ) throws -> String {
    let plan = try request.plan()
    let found = PlanImages(of: plan, in: request.library)
    try PlanDefects.refuse(in: plan, images: found.counts)
    var images: [Dataset: Digest] = [:]
    if !reuse.isEmpty {
      for dataset in found.counts.keys {
        let archive = try? ImageArchive.open(at: request.library.url(of: dataset))
        images[dataset] = archive?.computeDigest()
      }
    }
    let remarks = found.remarks
    let summary = PlanSummary(plan, trainingImageCounts: found.counts.mapValues(\.training))
    if asJSON { return summary.json }
    guard !reuse.isEmpty else { return summary.text + remarks }
    let forecast = ReuseForecast(
      summary, try ReusableResults(folders: reuse, anyBuild: anyBuild), images: images)
    return summary.text + remarks + forecast.text(of: summary)
  }

  /// Every key of a sweep file.
  package static var settings: String { SettingsReference.text }
}
