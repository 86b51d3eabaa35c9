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
    for dataset in Set(plan.trials.map(\.configuration.dataset)) {
      counts[dataset] = try? ImageArchive.open(at: request.library.url(of: dataset)).trainingCount
    }
    let summary = PlanSummary(plan, trainingImageCounts: counts)
    return asJSON ? summary.json : summary.text + remarks(on: plan, request.library)
  }

  /// What must be known of the data sets, a line each.
  private static func remarks(on plan: SweepPlan, _ library: ArchiveLibrary) -> String {
    Set(plan.trials.map(\.configuration.dataset)).sorted { $0.rawValue < $1.rawValue }
      .compactMap { dataset in
        let archive = try? ImageArchive.open(at: library.url(of: dataset))
        return dataset.remark(
          imageCount: archive.map { $0.trainingCount + $0.evaluationCount }
        ).map { "Images of \(dataset.name): \($0).\n" }
      }.joined()
  }

  /// Every key of a sweep file.
  package static var settings: String { SettingsReference.text }
}
