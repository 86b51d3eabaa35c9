/// Whether one gate of a trial stayed open, or when it last closed and at which error.
///
/// Computed from the rows of the trajectory, so its resolution is `sample_every`.
struct GateCourse: Encodable, Hashable, Sendable {
  /// The gate, from 0.
  let gate: Int
  /// Whether it is open in the last row.
  let isOpen: Bool
  /// σ(kγ) there.
  let openProbability: Double
  /// The number of rows in which it is closed and was open in the row before.
  let closures: Int
  /// The step of the last row with the gate open; nil if there is none.
  let lastOpenStep: Int?
  /// The step of the row after it, from which the gate stays closed; nil for an open gate, as are
  /// the next two.
  let closedStep: Int?
  /// The moving average of the training error in that row.
  let closedMSE: Double?
  /// The number of open gates in that row.
  let closedGatesOpen: Int?

  private enum CodingKeys: String, CodingKey {
    case gate
    case isOpen = "is_open"
    case openProbability = "open_probability"
    case closures
    case lastOpenStep = "last_open_step"
    case closedStep = "closed_step"
    case closedMSE = "closed_mse"
    case closedGatesOpen = "closed_gates_open"
  }

  /// Sorts open gates first, then by descending closing step, then by number.
  static func byClosing(_ courses: [GateCourse]) -> [GateCourse] {
    courses.sorted { left, right in
      let (one, other) = (left.closedStep ?? .max, right.closedStep ?? .max)
      return one == other ? left.gate < right.gate : one > other
    }
  }

  /// The courses of all gates, in order; empty for a trajectory without rows.
  static func all(of trajectory: TrajectoryTable) -> [GateCourse] {
    guard !trajectory.rows.isEmpty else { return [] }
    let steps = trajectory.numbers("step").map { Int($0) }
    let errors = trajectory.numbers("mse")
    let counts = trajectory.numbers("gates_open").map { Int($0) }
    return (0..<trajectory.gateCount).map { gate in
      let probabilities = trajectory.numbers("gate_\(gate)")
      let isOpen = probabilities.map { $0 > 0.5 }
      let lastOpen = isOpen.lastIndex(of: true)
      let closed = (lastOpen ?? -1) + 1
      let hasClosed = closed < steps.count
      return GateCourse(
        gate: gate, isOpen: !hasClosed, openProbability: probabilities[steps.count - 1],
        closures: zip(isOpen, isOpen.dropFirst()).count { $0 && !$1 },
        lastOpenStep: lastOpen.map { steps[$0] },
        closedStep: hasClosed ? steps[closed] : nil,
        closedMSE: hasClosed ? errors[closed] : nil,
        closedGatesOpen: hasClosed ? counts[closed] : nil)
    }
  }
}
