import Trials

@testable import Narrowing

/// A synthetic training for the detector, without a trainer.
struct QuietTrace {
  var detector: QuietDetector
  var firstHitStep: Int? = 5
  var constraint = 0.1
  var reach = QuietDetector.Reach.between

  static let tolerance = 10.0
  static let epochSteps = 10

  init(window: Int = 100, gates: Int = 4, epochSteps: Int = Self.epochSteps, dwell: Int = 0) {
    detector = QuietDetector(
      rule: QuietRule(window: window), epochSteps: epochSteps, tolerance: Self.tolerance,
      dwell: dwell,
      openProbabilities: [Double](repeating: 0.95, count: gates))
  }

  /// Takes steps with gates at given probabilities until the detector has a finding.
  ///
  /// - Returns: The step of the finding; nil if there is none up to the last step.
  @discardableResult
  mutating func run(
    to step: Int, gates: (Int) -> [Double] = { _ in [0.99, 0.99, 0.01, 0.01] }
  ) -> Int? {
    while detector.state.step < step {
      let next = detector.state.step + 1
      detector.observe(
        QuietDetector.Observation(
          step: next, firstHitStep: firstHitStep.flatMap { $0 <= next ? $0 : nil },
          constraintAverage: constraint, multiplier: reach, openProbabilities: gates(next)))
      if detector.finding != nil { return next }
    }
    return nil
  }

  /// Gates of which some have a given probability and the others are decided, two open, two closed.
  static func gates(_ changed: [Int: Double]) -> [Double] {
    var gates = [0.99, 0.99, 0.01, 0.01]
    for (gate, probability) in changed { gates[gate] = probability }
    return gates
  }
}
