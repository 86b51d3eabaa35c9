import Digests
import Foundation
import Trials

/// Compares a recorded result with one computed again from the same configuration.
package struct ResultComparison: Sendable {
  /// A number of a report that differs.
  package struct Difference: Hashable, Sendable {
    /// The number's name in the report.
    package let quantity: String
    /// The recorded number.
    package let recorded: Double
    /// The computed number.
    package let computed: Double

    /// The difference as a share of the recorded number; not finite if that is 0.
    package var share: Double { abs(computed - recorded) / abs(recorded) }
  }

  /// One milestone of both.
  package struct Milestone: Sendable {
    /// Its budget.
    package let budget: Budget
    /// Its step.
    package let step: Int
    /// The digest of the trainer's state, recorded and computed; nil in old records.
    package let recorded: Digest?
    package let computed: Digest?
    /// The numbers that differ, in the order of a report; empty if all are equal to the bit.
    package let differences: [Difference]

    /// Whether state (if recorded) and report are equal to the bit.
    package var isSame: Bool { differences.isEmpty && (recorded == nil || recorded == computed) }
  }

  /// Where two trajectories begin to differ.
  package enum Parting: Hashable, Sendable {
    /// All bytes are equal.
    case never
    /// They are equal up to a step (0 for the start) and differ at the next sample.
    case after(step: Int, differsAt: Int)
    /// One of them cannot be read.
    case unknown(reason: String)
  }

  /// The milestones that both have, in order.
  package let milestones: [Milestone]
  /// Where the trajectories begin to differ.
  package let parting: Parting
  /// The deterministic files that are equal, and those that are not.
  package let equalFiles: [ArtifactKind]
  package let otherFiles: [ArtifactKind]
  /// Whether both have the same milestones.
  package let hasSameMilestones: Bool

  /// Compares two results of one configuration.
  ///
  /// - Parameters:
  ///   - trajectories: Loads `trajectory.csv` of both; an error becomes part of the comparison.
  package init(
    recorded: TrialResult, computed: TrialResult,
    trajectories: () throws -> (recorded: Data, computed: Data)
  ) {
    milestones = zip(recorded.milestones, computed.milestones).map(Self.compare)
    hasSameMilestones = recorded.milestones.map(\.budget) == computed.milestones.map(\.budget)
    let pairs = recorded.content.artifacts.map { artifact in
      (artifact.kind, computed.artifacts.contains { $0 == artifact })
    }
    equalFiles = pairs.filter(\.1).map(\.0)
    otherFiles = pairs.filter { !$0.1 }.map(\.0)
    do {
      parting = try Self.parting(of: try trajectories())
    } catch {
      parting = .unknown(reason: "\(error)")
    }
  }

  /// Whether everything deterministic is equal to the bit.
  package var isSame: Bool {
    hasSameMilestones && otherFiles.isEmpty && milestones.allSatisfy(\.isSame)
  }

  private static func compare(
    _ recorded: MilestoneReport, _ computed: MilestoneReport
  ) -> Milestone {
    let numbers: [(String, Double?, Double?)] =
      [
        ("gates_open", Double(recorded.gatesOpen), Double(computed.gatesOpen)),
        ("mse", recorded.mse, computed.mse),
        ("evaluation_mse", recorded.evaluationMSE, computed.evaluationMSE),
        ("multiplier", recorded.multiplier, computed.multiplier),
        ("tolerance", recorded.tolerance, computed.tolerance),
        (
          "first_hit_step", recorded.firstHitStep.map { Double($0) } ?? 0,
          computed.firstHitStep.map { Double($0) } ?? 0
        ),
      ]
      + zip(recorded.openProbabilities, computed.openProbabilities).enumerated().map {
        ("σ(kγ) of gate \($0)", $1.0, $1.1)
      }
    return Milestone(
      budget: recorded.budget, step: recorded.step, recorded: recorded.stateDigest,
      computed: computed.stateDigest,
      differences: numbers.compactMap { quantity, recorded, computed in
        guard let recorded, let computed, recorded.bitPattern != computed.bitPattern else {
          return nil
        }
        return Difference(quantity: quantity, recorded: recorded, computed: computed)
      })
  }

  private static func parting(of texts: (recorded: Data, computed: Data)) throws -> Parting {
    if texts.recorded == texts.computed { return .never }
    let (recorded, computed) = (
      try TrajectoryTable(texts.recorded), try TrajectoryTable(texts.computed)
    )
    var last = 0
    for (one, other) in zip(recorded.rows, computed.rows) {
      guard one == other else {
        return .after(step: last, differsAt: min(Int(one[0]) ?? 0, Int(other[0]) ?? 0))
      }
      last = Int(one[0]) ?? last
    }
    let rest =
      recorded.rows.dropFirst(computed.rows.count) + computed.rows.dropFirst(recorded.rows.count)
    return .after(step: last, differsAt: rest.first.flatMap { Int($0[0]) } ?? last)
  }
}
