import Narrowing
import Trials

/// Where `until: quiet` would have ended a run as unreachable, computed from a recorded baseline.
///
/// Until a batch meets τ, no gate moves; and while λ′ is at its maximum, training does not depend
/// on τ. So a baseline (τ = 0) shows the course of a run with another τ: C_ma is lower by τ in
/// every step. Only the first steps, in which λ′ rises, differ. Rows are used as in
/// ``QuietReplay``; whether a batch met τ is known only for the rows.
struct BaselineReplay {
  let run: RecordedRun
  /// τ.
  let tolerance: Double
  /// The step at which `unreachable` would have ended the run; nil if it would not.
  let end: Int?
  /// The step of the first row whose batch or moving average met τ; nil if there is none.
  let met: Int?

  /// Replays a baseline to its end, or until a batch met τ, after which it is not comparable.
  ///
  /// - Parameters:
  ///   - share: τ as a share of the moving average of the last row.
  ///   - epochSteps: Steps of an epoch.
  init(of run: RecordedRun, share: Double, rule: QuietRule, epochSteps: Int) {
    self.run = run
    let tolerance = share * (run.rows.last?.mse ?? 0)
    self.tolerance = tolerance
    met = run.rows.first { min($0.squaredError, $0.mse) <= tolerance }?.step
    let shifted = run.with(tolerance: tolerance, before: met)
    guard !shifted.rows.isEmpty else {
      end = nil
      return
    }
    let replay = QuietReplay(of: shifted, rule: rule, epochSteps: epochSteps)
    end = replay.finding.map { _ in replay.step }
  }

  /// Whether the rule would have ended the run although a later batch met τ.
  var isFalse: Bool { end != nil && met != nil }

  /// Steps until the rule ended the run, or until its own end.
  var steps: Int { end ?? run.lastStep }
}

extension RecordedRun {
  /// The run with another τ, up to the last row before a step.
  fileprivate func with(tolerance: Double, before end: Int?) -> RecordedRun {
    let rows = rows.filter { $0.step < end ?? .max }.map { row in
      var shifted = row
      shifted.constraintAverage -= tolerance - self.tolerance
      return shifted
    }
    return RecordedRun(
      trial: trial, dataset: dataset, tolerance: tolerance, settings: settings, firstHitStep: nil,
      rows: rows)
  }
}
