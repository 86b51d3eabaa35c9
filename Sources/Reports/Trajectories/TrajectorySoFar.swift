import Foundation
import Trials

/// The trajectory of a running trial, as far as its worker has handed it in.
package enum TrajectorySoFar {
  /// Its whole lines, which are a heading and rows of numbers, so that they can be shown as a table.
  ///
  /// The bytes are as the worker sent them, and may end within a row.
  ///
  /// - Throws: ``LiveDrawingError`` if the lines are no trajectory.
  package static func wholeLines(of bytes: [UInt8]) throws(LiveDrawingError) -> Data {
    guard let end = bytes.lastIndex(of: UInt8(ascii: "\n")) else { return Data() }
    let lines = Data(bytes[...end])
    do {
      _ = try TrajectoryTable(lines)
    } catch {
      throw LiveDrawingError(error)
    }
    return lines
  }
}
