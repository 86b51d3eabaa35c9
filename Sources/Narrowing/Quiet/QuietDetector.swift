import Trials

/// Detects when a trial may end early by its ``QuietRule``.
///
/// Its findings depend only on the sequence of observed steps. Its state is part of the trainer's
/// state, its digest and its checkpoints.
package struct QuietDetector: Hashable, Sendable {
  /// What is observed after one step.
  package struct Observation: Hashable, Sendable {
    /// The step, counted from 1.
    package var step: Int
    /// The step in which a batch first met the tolerance; nil if none has.
    package var firstHitStep: Int?
    /// C_ma after the step.
    package var constraintAverage: Double
    /// Where λ′ is after the step.
    package var multiplier: Reach
    /// σ(kγ) of every gate after the step.
    package var openProbabilities: [Double]

    /// The observation of a step with these numbers.
    package init(
      step: Int, firstHitStep: Int?, constraintAverage: Double, multiplier: Reach,
      openProbabilities: [Double]
    ) {
      self.step = step
      self.firstHitStep = firstHitStep
      self.constraintAverage = constraintAverage
      self.multiplier = multiplier
      self.openProbabilities = openProbabilities
    }
  }

  /// The position of λ′ relative to its clamps.
  package enum Reach: Hashable, Sendable {
    case minimum
    case between
    case maximum
  }

  /// The largest mean of |C_ma|, as a share of τ, with which the tolerance is held.
  static let constraintShare = 0.02
  /// A gate with an open probability between these is undecided.
  static let undecided = (above: 0.1, below: 0.9)
  /// The largest difference of the mean count of open gates between the two windows of oscillation.
  static let meanCountDifference = 0.25
  /// The most gates that may open and close.
  static let alternatingCountMaximum = 2
  /// The fewest changes of gates in each of the two windows: one opening and one closing.
  static let changeCountMinimum = 2
  /// A tolerance is unreachable if the mean of C_ma falls by less than this share.
  static let flatness = 0.02

  /// The rule.
  package let rule: QuietRule
  /// Steps of an epoch.
  package let epochSteps: Int
  /// τ.
  package let tolerance: Double
  /// The first steps, which no window reaches into: a later rung of a traced trial still remembers
  /// the former τ in them.
  package let dwell: Int
  /// The state carried from step to step.
  package internal(set) var state: State

  /// The state that a detector carries from step to step.
  package struct State: Hashable, Sendable {
    /// Steps taken.
    package var step = 0
    /// The step in which a batch first met the tolerance.
    package var firstHitStep: Int?
    /// For each gate the last step after which it was undecided or had changed; 0 for none.
    package var unsettledSteps: [Int]
    /// Which gates were open after the last step.
    package var isOpen: [Bool]
    /// Totals over all steps.
    package var totals = QuietHistory.Totals()
    /// Σ|C_ma| over the steps of the latest epoch.
    package var epochDeviation = 0.0
    /// The last step after which λ′ was at one of its clamps; 0 for none.
    package var clampedStep = 0
    /// The last step after which λ′ was below its maximum; 0 for none.
    package var belowMaximumStep = 0
    /// Totals at ends of epochs.
    package var history = QuietHistory()
  }

  /// A detector before the first step.
  ///
  /// - Parameters:
  ///   - epochSteps: Steps of an epoch, at least 1.
  ///   - dwell: The first steps, which no window reaches into.
  ///   - openProbabilities: σ(kγ) of every gate before the first step.
  package init(
    rule: QuietRule, epochSteps: Int, tolerance: Double, dwell: Int = 0,
    openProbabilities: [Double]
  ) {
    precondition(epochSteps >= 1, "an epoch has at least one step")
    self.rule = rule
    self.epochSteps = epochSteps
    self.tolerance = tolerance
    self.dwell = dwell
    state = State(
      unsettledSteps: openProbabilities.map { _ in 0 },
      isOpen: openProbabilities.map { $0 > 0.5 })
  }

  /// Observes a step.
  package mutating func observe(_ observation: Observation) {
    let step = observation.step
    precondition(step == state.step + 1, "steps come one after the other")
    state.step = step
    state.firstHitStep = observation.firstHitStep
    for (gate, probability) in observation.openProbabilities.enumerated() {
      let isOpen = probability > 0.5
      if isOpen != state.isOpen[gate] {
        state.isOpen[gate] = isOpen
        state.totals.changes += 1
        state.unsettledSteps[gate] = step
      }
      if probability > Self.undecided.above, probability < Self.undecided.below {
        state.unsettledSteps[gate] = step
      }
    }
    state.totals.open += state.isOpen.count { $0 }
    state.totals.constraint += observation.constraintAverage
    if (step - 1).isMultiple(of: epochSteps) { state.epochDeviation = 0 }
    state.epochDeviation += abs(observation.constraintAverage)
    if observation.multiplier != .between { state.clampedStep = step }
    if observation.multiplier != .maximum { state.belowMaximumStep = step }
    if step.isMultiple(of: epochSteps) { state.history.append(state.totals) }
  }

  /// Why the trial may end after the last step; nil if it may not.
  ///
  /// Always nil within an epoch.
  package var finding: QuietFinding? {
    guard state.step > 0, state.step.isMultiple(of: epochSteps) else { return nil }
    return quiet ?? oscillating ?? unreachable
  }

  /// The larger of the rule's window and 1/`divisor` of the steps taken, rounded up.
  private func longTime(oneIn divisor: Int) -> Int {
    max(rule.window, (state.step + divisor - 1) / divisor)
  }

  /// Whether the tolerance was held over the latest epoch.
  private var holdsTolerance: Bool {
    state.firstHitStep != nil && state.clampedStep <= state.step - epochSteps
      && state.epochDeviation / Double(epochSteps) <= Self.constraintShare * tolerance
  }

  private var quiet: QuietFinding? {
    guard holdsTolerance, let firstHit = state.firstHitStep else { return nil }
    let since = max(state.unsettledSteps.max() ?? 0, firstHit, dwell)
    guard state.step - since >= longTime(oneIn: 2) else { return nil }
    return QuietFinding(ending: .quiet, sinceStep: since, alternatingGates: nil)
  }

  private var oscillating: QuietFinding? {
    let window = longTime(oneIn: 4)
    // Divides rather than multiplies, so that a long window cannot overflow.
    guard window <= state.step / 2, holdsTolerance, let firstHit = state.firstHitStep else {
      return nil
    }
    let first = state.history.sample(atOrBefore: state.step - 2 * window, epochSteps: epochSteps)
    let middle = state.history.sample(atOrBefore: state.step - window, epochSteps: epochSteps)
    let gates = state.unsettledSteps.indices.filter { state.unsettledSteps[$0] > first.step }
    let changes = (
      middle.totals.changes - first.totals.changes, state.totals.changes - middle.totals.changes
    )
    guard max(firstHit, dwell) <= first.step,
      (1...Self.alternatingCountMaximum).contains(gates.count),
      min(changes.0, changes.1) >= Self.changeCountMinimum
    else { return nil }
    let means = (
      Double(middle.totals.open - first.totals.open) / Double(middle.step - first.step),
      Double(state.totals.open - middle.totals.open) / Double(state.step - middle.step)
    )
    guard abs(means.0 - means.1) <= Self.meanCountDifference else { return nil }
    return QuietFinding(ending: .oscillating, sinceStep: first.step, alternatingGates: gates)
  }

  private var unreachable: QuietFinding? {
    let window = longTime(oneIn: 2)
    guard tolerance > 0, window <= state.step else { return nil }
    let first = state.history.sample(atOrBefore: state.step - window, epochSteps: epochSteps)
    let middle = state.history.sample(atOrBefore: state.step - window / 2, epochSteps: epochSteps)
    let since = max(state.belowMaximumStep, dwell)
    guard since <= first.step, first.step < middle.step, middle.step < state.step
    else { return nil }
    let means = (
      (middle.totals.constraint - first.totals.constraint) / Double(middle.step - first.step),
      (state.totals.constraint - middle.totals.constraint) / Double(state.step - middle.step)
    )
    guard means.1 > Self.constraintShare * tolerance,
      means.1 >= (1 - Self.flatness) * means.0
    else { return nil }
    return QuietFinding(ending: .unreachable, sinceStep: since, alternatingGates: nil)
  }
}
