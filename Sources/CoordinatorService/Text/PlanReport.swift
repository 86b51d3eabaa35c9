import Digests
import Foundation
import Images
import Sweeps
import Trials

/// `coordinator plan` and `coordinator settings`.
package enum PlanReport {
  /// What a sweep would do and cost, as text or as JSON.
  ///
  /// Epochs are counted with the archives that are prepared, else with the published sizes.
  ///
  /// - Parameters:
  ///   - reuse: Folders of sweeps whose results would be taken over.
  ///   - anyBuild: Whether those of other releases would be, too.
  /// - Throws: `SweepFileError` with everything that is wrong with the file, `StoreError` for a
  ///   folder without a record.
  package static func text(
    _ request: SweepRequest, reuse: [URL] = [], anyBuild: Bool = false, asJSON: Bool
  ) throws -> String {
    let plan = try request.plan()
    var counts: [Dataset: Int] = [:]
    var images: [Dataset: Digest] = [:]
    var remarks = ""
    let datasets = Set(plan.trials.map(\.configuration.dataset))
    for dataset in datasets.sorted(by: { $0.rawValue < $1.rawValue }) {
      let archive = try? ImageArchive.open(at: request.library.url(of: dataset))
      let count = archive.map { $0.trainingCount + $0.evaluationCount }
      if let remark = dataset.remark(imageCount: count) {
        remarks += "Images of \(dataset.name): \(remark).\n"
      }
      guard let archive else { continue }
      counts[dataset] = archive.trainingCount
      if !reuse.isEmpty { images[dataset] = archive.computeDigest() }
    }
    let summary = PlanSummary(plan, trainingImageCounts: counts)
    if asJSON { return summary.json }
    guard !reuse.isEmpty else { return summary.text + remarks }
    let forecast = ReuseForecast(
      summary, try ReusableResults(folders: reuse, anyBuild: anyBuild), images: images)
    return summary.text + remarks + forecast.text(of: summary)
  }

  /// Every key of a sweep file.
  package static var settings: String { SettingsReference.text }
}
