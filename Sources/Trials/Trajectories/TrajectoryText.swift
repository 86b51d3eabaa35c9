/// The text of `trajectory.csv`: its columns, and the rows that a shorter and a longer run share.
package enum TrajectoryText {
  /// The columns of `trajectory.csv` before the gates' columns, `gate_0` and so on.
  package static let fixedColumns = [
    "step", "squared_error", "mse", "constraint_average", "multiplier", "tolerance_hits",
    "gates_open", "expected_open", "kl",
  ]

  /// The columns of `pace.csv`, which has a row for every row of the trajectory.
  package static let paceColumns = ["step", "seconds", "steps_per_second"]

  /// The rows of a shorter run that a longer run has too.
  ///
  /// A trial samples at multiples of `sample_every` and at its milestones. So a row at a milestone
  /// of the shorter run is dropped, unless the longer run samples at that step too.
  ///
  /// - Parameters:
  ///   - text: `trajectory.csv` of the shorter run: a heading, then rows that begin with the step.
  ///   - sampleEvery: Batches between two samples.
  ///   - milestones: The longer run's milestones up to the shorter one's end, in steps.
  /// - Returns: Nil if the text is not a trajectory.
  package static func beginning(
    of text: [UInt8], sampleEvery: Int, milestones: Set<Int>
  ) -> [UInt8]? {
    guard text.last == UInt8(ascii: "\n") else { return nil }
    var kept: [UInt8] = []
    kept.reserveCapacity(text.count)
    var lines = text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
      .dropLast()[...]
    guard let heading = lines.popFirst() else { return nil }
    kept += heading
    kept.append(UInt8(ascii: "\n"))
    for line in lines {
      let digits = line.prefix { $0 != UInt8(ascii: ",") }
      guard let step = Int(String(decoding: digits, as: UTF8.self)), step > 0 else { return nil }
      guard step.isMultiple(of: sampleEvery) || milestones.contains(step) else { continue }
      kept += line
      kept.append(UInt8(ascii: "\n"))
    }
    return kept
  }
}
