import Narrowing
import Trials

/// Where the rule of `until: quiet` would have called a tolerance unreachable, by a recorded baseline.
///
/// Until a batch meets τ no gate moves, and once λ′ is at its maximum a training does not depend on τ.
/// So a baseline, of which τ is 0, tells what a run with another τ would have come to: C_ma is τ lower
/// in every step. Only the first steps differ, in which λ′ rises. The rows are taken as in
/// ``QuietReplay``; whether a batch met τ is seen in the rows only.
struct BaselineReplay {
  let run: RecordedRun
  /// τ.
  let tolerance: Double
  /// The step in which `unreachable` would have ended the run; nil where it would not have.
  let end: Int?
  /// The first row's step with a batch, or a moving average, that met τ; nil where there is none.
  let met: Int?

  /// Replays a baseline up to its end, or to where a batch met τ: from there it tells nothing more.
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

  /// Whether the rule would have given up what a later batch met.
  var isFalse: Bool { end != nil && met != nil }

  /// Steps until the rule ended the run, or until its own end.
  var steps: Int { end ?? run.lastStep }
}

extension RecordedRun {
  /// The run as if τ were another, up to the last row before a step.
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
