/// How much of a trajectory an attempt has handed in.
package struct TrajectoryVolume: Hashable, Sendable {
  /// Bytes of all its pieces.
  package var byteCount = 0
  /// How many pieces it has handed in.
  package var pieceCount = 0

  /// Nothing.
  package init() {}

  /// The volume with one more piece.
  package func adding(byteCount: Int) -> TrajectoryVolume {
    var sum = self
    sum.byteCount += byteCount
    sum.pieceCount += 1
    return sum
  }
}
