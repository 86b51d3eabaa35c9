import Trials

/// When each gate of a trial closed for good, as far as its samples tell.
struct GateClosings {
  /// One gate.
  struct Gate: Hashable {
    /// Its number.
    let number: Int
    /// The first sample from which on it stays closed, counted from 0; nil while it is open.
    let sample: Int?
  }

  /// The gates, open ones first, then the last to close; equal ones by their number.
  let gates: [Gate]

  /// The closings of a trajectory.
  init(of trajectory: Trajectory) {
    let count = trajectory.rows.count
    gates = (0..<trajectory.gateCount).map { number in
      let open = trajectory.numbers("gate_\(number)").lastIndex { $0 > 0.5 }
      let sample = open.map { $0 + 1 } ?? 0
      return Gate(number: number, sample: sample < count ? sample : nil)
    }.sorted { left, right in
      let (one, other) = (left.sample ?? .max, right.sample ?? .max)
      return one == other ? left.number < right.number : one > other
    }
  }
}
