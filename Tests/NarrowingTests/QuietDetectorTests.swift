import Testing
import Trials

@testable import Narrowing

/// The rule of `until: quiet` on synthetic trainings; epochs have 10 steps, the window has 100.
@Suite("When a trial may end")
struct QuietDetectorTests {
  @Test("quiet: at the first epoch end that is a window after the last change")
  func quiet() {
    var trace = QuietTrace()
    // Step 1 closes two gates of four; the first hit is in step 5.
    #expect(trace.run(to: 1000) == 110)
    #expect(
      trace.detector.finding
        == QuietFinding(ending: .quiet, sinceStep: 5, alternatingGates: nil))
    #expect(trace.detector.finding?.ending.word == "quiet")
  }

  @Test("within an epoch nothing is found")
  func withinAnEpoch() {
    var trace = QuietTrace()
    trace.run(to: 110)
    trace.detector.observe(
      .init(
        step: 111, firstHitStep: 5, constraintAverage: 0, multiplier: .between,
        openProbabilities: QuietTrace.gates([:])))
    #expect(trace.detector.finding == nil)
  }

  @Test("after a late change, half of the steps must pass without another")
  func lateFall() {
    var trace = QuietTrace()
    // The gate is undecided in steps 95 to 300, so the trial may end after 600 steps.
    let end = trace.run(to: 2000) { step in
      QuietTrace.gates(step < 95 ? [:] : step <= 300 ? [1: 0.7] : [1: 0.02])
    }
    #expect(end == 610)  // 301 closes the gate: 610 − 301 ≥ 305, and 600 − 301 < 300.
    #expect(trace.detector.finding?.sinceStep == 301)
  }

  @Test("steps before the first hit do not count as quiet")
  func restBeforeHit() {
    var trace = QuietTrace()
    trace.firstHitStep = 95
    #expect(trace.run(to: 1000) == 200)
    #expect(trace.detector.finding?.sinceStep == 95)
  }

  /// Conditions under which a trial with unchanged gates continues.
  enum Obstacle: CaseIterable {
    case noHit
    case errorAboveTolerance
    case errorBelowTolerance
    case multiplierAtMinimum
    case multiplierAtMaximum

    /// A training with this condition.
    var trace: QuietTrace {
      var trace = QuietTrace()
      switch self {
      case .noHit: trace.firstHitStep = nil
      case .errorAboveTolerance: trace.constraint = 0.2001
      case .errorBelowTolerance: trace.constraint = -0.2001
      case .multiplierAtMinimum: trace.reach = .minimum
      case .multiplierAtMaximum: trace.reach = .maximum
      }
      return trace
    }
  }

  @Test("near misses keep a trial going", arguments: Obstacle.allCases)
  func nearMisses(obstacle: Obstacle) {
    var trace = obstacle.trace
    #expect(trace.run(to: 1000) == nil)
  }

  @Test("at the limit: |C_ma| of 2 % of τ holds the tolerance")
  func justWithin() {
    var trace = QuietTrace()
    trace.constraint = -0.1999
    #expect(trace.run(to: 1000) == 110)
  }

  @Test("a gate at 0.9 or 0.1 is decided, one between them is not", arguments: [0.1, 0.9])
  func decided(probability: Double) {
    var trace = QuietTrace()
    #expect(trace.run(to: 1000) { _ in QuietTrace.gates([1: probability]) } == 110)
    var other = QuietTrace()
    let undecided = probability == 0.1 ? 0.1001 : 0.8999
    #expect(other.run(to: 1000) { _ in QuietTrace.gates([1: undecided]) } == nil)
  }

  @Test("oscillating: one gate keeps opening and closing")
  func oscillating() {
    var trace = QuietTrace()
    let end = trace.run(to: 4000) { step in
      QuietTrace.gates(step / 7 % 2 == 0 ? [2: 0.6] : [2: 0.4])
    }
    // The windows of 100 begin with an epoch that ends after the first hit.
    #expect(end == 210)
    #expect(
      trace.detector.finding
        == QuietFinding(ending: .oscillating, sinceStep: 10, alternatingGates: [2]))
  }

  @Test("no window reaches into a dwell")
  func dwell() {
    var quiet = QuietTrace(dwell: 45)
    #expect(quiet.run(to: 1000) == 150)
    #expect(quiet.detector.finding?.sinceStep == 45)
    var oscillating = QuietTrace(dwell: 45)
    let end = oscillating.run(to: 4000) { step in
      QuietTrace.gates(step / 7 % 2 == 0 ? [2: 0.6] : [2: 0.4])
    }
    #expect(end == 250)
    #expect(oscillating.detector.finding?.sinceStep == 50)
    var unreachable = QuietTrace(dwell: 45)
    (unreachable.firstHitStep, unreachable.constraint, unreachable.reach) = (nil, 3, .maximum)
    #expect(unreachable.run(to: 1000) == 150)
    #expect(unreachable.detector.finding?.sinceStep == 45)
  }

  @Test("two gates may alternate, three may not", arguments: [2, 3])
  func alternatingCount(count: Int) {
    var trace = QuietTrace()
    let end = trace.run(to: 4000) { step in
      QuietTrace.gates(
        Dictionary(
          uniqueKeysWithValues: (0..<count).map { ($0, (step / 7 + $0) % 2 == 0 ? 0.6 : 0.4) }))
    }
    #expect((end != nil) == (count == 2))
    #expect(trace.detector.finding?.alternatingGates == (count == 2 ? [0, 1] : nil))
  }

  @Test("a gate that hovers without opening or closing does not oscillate")
  func hovering() {
    var trace = QuietTrace()
    #expect(trace.run(to: 4000) { _ in QuietTrace.gates([2: 0.6]) } == nil)
  }

  @Test("gates that close one after the other do not oscillate")
  func closing() {
    var trace = QuietTrace(gates: 40)
    let end = trace.run(to: 4000) { step in
      (0..<40).map { gate in
        let close = 100 + 90 * gate
        return step < close ? 0.99 : step < close + 60 ? 0.5 : 0.01
      }
    }
    #expect(end == nil)
  }

  @Test("a trial whose oscillating gates decrease continues")
  func unequalMeans() {
    var trace = QuietTrace()
    // Two gates open and close every 20 steps, and are open for fewer and fewer of them.
    let end = trace.run(to: 390) { step in
      let share = 0.9 - 0.8 * Double(step) / 400
      let probability = Double(step % 20) < 20 * share ? 0.6 : 0.4
      return QuietTrace.gates([2: probability, 3: probability])
    }
    #expect(end == nil)
  }

  @Test("unreachable: λ′ at its maximum and C_ma flat above 0")
  func unreachable() {
    var trace = QuietTrace()
    (trace.firstHitStep, trace.constraint, trace.reach) = (nil, 3, .maximum)
    #expect(trace.run(to: 1000) == 100)
    #expect(
      trace.detector.finding
        == QuietFinding(ending: .unreachable, sinceStep: 0, alternatingGates: nil))
  }

  @Test("a tolerance is not unreachable while the error falls")
  func fallingError() {
    var trace = QuietTrace()
    (trace.firstHitStep, trace.reach) = (nil, .maximum)
    for step in 1...1000 {
      trace.constraint = 300 / Double(step + 10).squareRoot()
      #expect(trace.run(to: step) == nil)
    }
    // From there it is constant, up to 2 %, for half of the steps.
    #expect(trace.run(to: 4000) != nil)
    #expect(trace.detector.state.step > 1500)
    #expect(trace.detector.finding?.ending == .unreachable)
  }

  @Test("the window restarts when λ′ leaves its maximum")
  func offMaximum() {
    var trace = QuietTrace()
    (trace.firstHitStep, trace.constraint, trace.reach) = (nil, 3, .maximum)
    trace.run(to: 90)
    trace.reach = .between
    trace.run(to: 94)
    trace.reach = .maximum
    // The first end of an epoch after it is 100; a window later it is 200.
    #expect(trace.run(to: 1000) == 200)
    #expect(trace.detector.finding?.sinceStep == 94)
  }

  @Test("a baseline trains to its limit, where a tolerance would be unreachable")
  func baseline() {
    func ending(tolerance: Double) -> ReportEnding? {
      var detector = QuietDetector(
        rule: QuietRule(window: 40), epochSteps: 10, tolerance: tolerance,
        openProbabilities: [0.95])
      for step in 1...40 {
        detector.observe(
          .init(
            step: step, firstHitStep: nil, constraintAverage: 7 - tolerance, multiplier: .maximum,
            openProbabilities: [0.95]))
      }
      return detector.finding?.ending
    }
    #expect(ending(tolerance: 0) == nil)
    #expect(ending(tolerance: 0.001) == .unreachable)
  }

  @Test("the longest window does not overflow")
  func longestWindow() {
    var trace = QuietTrace(window: QuietRule.windowRange.upperBound)
    #expect(trace.run(to: 1000) == nil)
  }

  @Test("the history has a bounded size, and its samples are sums at epoch ends")
  func history() {
    var history = QuietHistory()
    for epoch in 1...5000 {
      history.append(.init(constraint: Double(epoch), open: 2 * epoch, changes: 3 * epoch))
      #expect(history.samples.count == QuietHistory.count(epoch))
      #expect(history.samples.count <= QuietHistory.countMaximum)
    }
    let stride = QuietHistory.stride(5000)
    #expect(stride == 16)
    for (index, sample) in history.samples.enumerated() {
      #expect(sample.open == 2 * index * stride)
    }
    let sample = history.sample(atOrBefore: 12_345, epochSteps: 10)
    #expect(sample.step == 12_320)
    #expect(sample.totals == .init(constraint: 1232, open: 2464, changes: 3696))
    #expect(QuietHistory(samples: history.samples, epochs: 5000) == history)
    #expect(QuietHistory(samples: history.samples, epochs: 9000) == nil)
  }
}
