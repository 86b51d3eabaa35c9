import Trials

/// Where a traced trial is on its ladder of tolerances.
package struct Rung: Hashable, Sendable {
  /// The ladder.
  package let ladder: ToleranceLadder
  /// The steps of a later rung before its windows begin (``Trials/TrainerSettings/dwell``).
  let laterDwell: Int
  /// The rung's place on the ladder, from 0.
  package internal(set) var index = 0
  /// The steps taken before it.
  package internal(set) var beginning = 0

  /// The first rung of a ladder.
  init(of ladder: ToleranceLadder, settings: TrainerSettings) {
    self.ladder = ladder
    laterDwell = settings.dwell
  }

  /// τ.
  package var tolerance: Double { ladder.tolerances[index] }
  /// Whether the trial ends with it.
  package var isLast: Bool { index == ladder.count - 1 }
  /// The steps before its windows begin; 0 of the first, since no tolerance was before it.
  var dwell: Int { index == 0 ? 0 : laterDwell }
}

extension NarrowingState {
  /// Begins a rung of a traced trial: τ changes, and the windows of the quiet rule begin anew.
  ///
  /// Everything else stays as it is, C_ma included, whose memory of the former τ fades.
  ///
  /// - Parameters:
  ///   - index: The rung's place on the ladder.
  ///   - step: The steps taken before it.
  mutating func beginRung(_ index: Int, after step: Int) {
    guard var rung else { preconditionFailure("only a traced trial has rungs") }
    rung.index = index
    rung.beginning = step
    self.rung = rung
    constraint.tolerance = rung.tolerance
    quiet = quiet.map {
      QuietDetector(
        rule: $0.rule, epochSteps: $0.epochSteps, tolerance: rung.tolerance, dwell: rung.dwell,
        openProbabilities: gates.openProbabilities)
    }
  }

  /// Why the quiet rule ends the trial, or the rung that it is on, after the latest step; nil if it
  /// does not.
  package var finding: QuietFinding? {
    quiet?.finding.map { finding in
      QuietFinding(
        ending: finding.ending, sinceStep: finding.sinceStep + (rung?.beginning ?? 0),
        alternatingGates: finding.alternatingGates)
    }
  }
}
