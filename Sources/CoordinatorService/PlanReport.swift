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
  /// - Throws: `SweepFileError` with everything that is wrong with the file.
  package static func text(_ request: SweepRequest, asJSON: Bool) throws -> String {
    let plan = try request.plan()
    var counts: [Dataset: Int] = [:]
    var shares: [Dataset: String] = [:]
    for dataset in Set(plan.trials.map(\.configuration.dataset)) {
      guard let archive = try? ImageArchive.open(at: request.library.url(of: dataset)) else {
        continue
      }
      counts[dataset] = archive.trainingCount
      shares[dataset] = dataset.share(ofImages: archive.trainingCount + archive.evaluationCount)
    }
    let summary = PlanSummary(plan, trainingImageCounts: counts, shares: shares)
    return asJSON ? summary.json : summary.text
  }

  /// Every key of a sweep file.
  package static var settings: String { SettingsReference.text }
}
