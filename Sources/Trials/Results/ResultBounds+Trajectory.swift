/// How long a trial's trajectory can be.
extension ResultBounds {
  /// The most bytes of a field: the longest 64-bit number as text has 24, a comma or a line break
  /// follows, and one byte is to spare.
  private static let fieldByteCount = 26

  /// The most rows of the trajectory: the multiples of `sample_every`, and the milestones.
  var rowMaximum: Int {
    let last = milestones.compactMap { steps(to: $0) }.max() ?? Budget.maximumCount
    return min(max(last, 0), Budget.maximumCount) / max(trainer.sampleEvery, 1) + milestones.count
      + 1
  }

  /// The most bytes of the trajectory: its rows and the line of column names.
  package var trajectoryByteMaximum: Int {
    (rowMaximum + 1) * (TrajectoryText.fixedColumns.count + latents) * Self.fieldByteCount
  }

  /// Why a trial cannot have a trajectory of so many bytes, or one attempt so many pieces of it; nil
  /// if it can.
  ///
  /// An attempt may begin its trajectory twice: when it cannot resume from a checkpoint after all.
  package func defect(
    ofTrajectoryUpTo byteCount: Int, volume: TrajectoryVolume
  ) -> ResultDefect? {
    let most = trajectoryByteMaximum
    guard byteCount <= most, volume.byteCount <= 2 * most else {
      return ResultDefect(
        place: "trajectory", found: "\(max(byteCount, volume.byteCount)) bytes",
        expected: "at most \(most), as \(rowMaximum) rows of \(latents) gates have")
    }
    let pieces = 2 * (rowMaximum + most / TrajectoryPiece.byteCountMaximum + 2)
    guard volume.pieceCount <= pieces else {
      return ResultDefect(
        place: "trajectory", found: "\(volume.pieceCount) pieces",
        expected: "at most \(pieces), as \(rowMaximum) rows have")
    }
    return nil
  }
}
