import Trials

/// The samples of Figure 1 as numbers, and when each gate closed.
package struct TrajectorySamples: Codable, Hashable, Sendable {
  /// One gate.
  package struct Gate: Codable, Hashable, Sendable {
    /// Its dimension, from 0.
    package var gate: Int
    /// σ(kγ) at the last sample; nil if it is not finite.
    package var openProbability: Double?
    /// The first sampled step from which it stays closed; nil if it is open.
    package var closedAtStep: Int?
    /// The moving-average error there.
    package var closedAtMSE: Double?
  }

  /// The positions of the drawing's panels, as shares of its width.
  package struct Panels: Codable, Hashable, Sendable {
    package var left: Double
    package var right: Double
    /// The steps at the two ends.
    package var firstStep: Double
    package var lastStep: Double
  }

  /// Steps, ascending; the other lists have as many numbers.
  package var steps: [Int]
  package var mse: [Double?]
  package var toleranceHits: [Double?]
  package var multiplier: [Double?]
  package var gatesOpen: [Double?]
  package var expectedOpen: [Double?]
  package var gates: [Gate]
  package var panels: Panels

  init(_ trajectory: TrajectoryTable, ghost: TrajectoryTable?) {
    let chosen = EvenChoice.indices(
      of: trajectory.rows.count, most: Figure1Drawing.fineSampleCount)
    func column(_ name: String) -> [Double?] {
      let numbers = trajectory.numbers(name)
      return chosen.map { numbers[$0].isFinite ? numbers[$0] : nil }
    }
    let allSteps = trajectory.numbers("step")
    let errors = trajectory.numbers("mse")
    steps = chosen.map { Int(allSteps[$0]) }
    mse = column("mse")
    toleranceHits = column("tolerance_hits")
    multiplier = column("multiplier")
    gatesOpen = column("gates_open")
    expectedOpen = column("expected_open")
    gates = (0..<trajectory.gateCount).map { gate in
      let open = trajectory.numbers("gate_\(gate)")
      let lastOpen = open.lastIndex { !($0 <= 0.5) }
      let closed = (lastOpen.map { $0 + 1 } ?? 0)
      let isClosed = closed < open.count
      return Gate(
        gate: gate, openProbability: open.last.flatMap { $0.isFinite ? $0 : nil },
        closedAtStep: isClosed ? Int(allSteps[closed]) : nil,
        closedAtMSE: isClosed && errors[closed].isFinite ? errors[closed] : nil)
    }
    let drawing = Figure1Drawing.self
    let range = drawing.stepRange(of: trajectory, ghost: ghost)
    panels = Panels(
      left: drawing.margin.left / drawing.width,
      right: 1 - drawing.margin.right / drawing.width, firstStep: range.lowerBound,
      lastStep: range.upperBound)
  }
}
