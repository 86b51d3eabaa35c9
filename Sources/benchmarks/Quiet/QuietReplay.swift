import Narrowing
import Trials

/// Where the rule of `until: quiet` would have ended a recorded run.
///
/// The detector needs every step. Steps between two rows are replaced by the later row. With
/// `sample_every: 1` this is exact. Otherwise a gate that opens and closes between two rows is
/// missed, a change is seen up to `sample_every` steps early, and the mean of |C_ma| over an epoch
/// is that of its rows.
struct QuietReplay {
  let run: RecordedRun
  /// Why it would have ended; nil if it would not.
  let finding: QuietFinding?
  /// The step of its end.
  let step: Int
  /// The row there.
  let row: RecordedRun.Row

  /// Replays a run.
  ///
  /// - Parameter epochSteps: Steps of an epoch.
  init(of run: RecordedRun, rule: QuietRule, epochSteps: Int) {
    let settings = run.settings
    let gates = Gates(count: run.rows[0].openProbabilities.count, settings: settings)
    var detector = QuietDetector(
      rule: rule, epochSteps: epochSteps, tolerance: run.tolerance,
      openProbabilities: gates.openProbabilities)
    var step = 0
    for row in run.rows {
      let reach: QuietDetector.Reach =
        row.multiplier >= settings.multiplierMaximum
        ? .maximum : row.multiplier <= settings.multiplierMinimum ? .minimum : .between
      while step < row.step {
        step += 1
        detector.observe(
          QuietDetector.Observation(
            step: step, firstHitStep: run.firstHitStep.flatMap { $0 <= step ? $0 : nil },
            constraintAverage: row.constraintAverage, multiplier: reach,
            openProbabilities: row.openProbabilities))
        if let finding = detector.finding {
          (self.run, self.finding, self.step, self.row) = (run, finding, step, row)
          return
        }
      }
    }
    (self.run, finding, self.step, row) = (run, nil, step, run.rows[run.rows.count - 1])
  }

  /// Whether the number of open gates at the run's actual end differs.
  var hasChanged: Bool { row.openCount != run.rows.last?.openCount }
}
