/// Reads the steps of a trajectory's rows, to make the beginning of a longer run's trajectory of a
/// shorter one's.
package enum TrajectoryText {
  /// The rows that a longer run has too.
  ///
  /// A trial samples at multiples of `sample_every` and at its milestones. A shorter run's rows at
  /// its own milestones are none of the longer run's, unless they are milestones of that one too.
  ///
  /// - Parameters:
  ///   - text: `trajectory.csv` of the shorter run: a heading, then rows that begin with the step.
  ///   - sampleEvery: Batches between two samples.
  ///   - milestones: The longer run's milestones up to the shorter one's end, in steps.
  /// - Returns: Nil when the text is no trajectory.
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
