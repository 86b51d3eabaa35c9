import Narrowing
import Trials

/// Where the rule of `until: quiet` would have ended a recorded run.
///
/// The real detector takes every step. What no row tells is taken from the next row: every step
/// between two rows counts as if it were the later one. With `sample_every: 1` this is exact.
/// Otherwise a gate that opened and closed between two rows is not seen, a change is seen up to
/// `sample_every` steps early, and the mean of |C_ma| over an epoch is that of the rows in it.
struct QuietReplay {
  let run: RecordedRun
  /// Why it would have ended; nil where it would have gone on.
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

  /// Whether the count of open gates at the run's real end is another.
  var hasChanged: Bool { row.openCount != run.rows.last?.openCount }
}
