import Digests
import Foundation
import Sweeps
import Trials

/// What reusing results of other sweeps would save.
struct ReuseForecast {
  /// Trials whose result would be reused.
  private(set) var trialCount = 0
  /// Their expected seconds on one core.
  private(set) var seconds = 0.0

  /// Looks for the results of a plan's trials, parents first.
  ///
  /// - Parameter images: The prepared archives; a data set without one is not compared.
  init(_ summary: PlanSummary, _ results: ReusableResults, images: [Dataset: Digest]) {
    var reports: [TrialID: MilestoneReport] = [:]
    for (planned, costs) in zip(summary.plan.trials, summary.trials) {
      guard let configuration = try? planned.configuration.resolved({ reports[$0] }),
        let candidate = results.candidates(
          for: configuration, images: images[configuration.dataset]
        ).first
      else { continue }
      reports[planned.id] = candidate.result.result.milestones.last
      trialCount += 1
      seconds += costs.seconds
    }
  }

  /// One line for people.
  func text(of summary: PlanSummary) -> String {
    let hours = (seconds / 36).rounded() / 100
    let all = (summary.seconds / 36).rounded() / 100
    return "\(trialCount) of \(summary.trials.count) results would be reused, which saves "
      + "\(hours) of \(all) core-hours\n"
  }
}
