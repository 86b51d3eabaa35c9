import Foundation
import Logging
import Store

/// A temporary obstacle to writing a sweep's record; the coordinator waits until it is gone.
enum RecordHold: Hashable {
  /// The file's disk is full.
  case full(path: String)
  /// Another program has locked the file.
  case busy(path: String)

  /// Interval between attempts before the sweep runs.
  private static let interval: TimeInterval = 1

  /// The obstacle in an error; nil if waiting does not help.
  init?(_ error: StoreError) {
    switch error {
    case .diskFull(let path): self = .full(path: path)
    case .busy(let path): self = .busy(path: path)
    default: return nil
    }
  }

  /// The text of the obstacle and its effect on a running sweep.
  var obstacle: String {
    let consequence =
      "until then no trial starts and no result is accepted; workers continue and keep their results"
    return switch self {
    case .full(let path): "\(path): the disk is full: waiting for space; \(consequence)"
    case .busy(let path):
      "\(path): another program holds the database: waiting until it ends (`lsof \(path)` names "
        + "it); \(consequence)"
    }
  }

  /// The text that says that the obstacle is gone.
  var end: String {
    switch self {
    case .full: "there is space on the disk again"
    case .busy: "the database is free again"
    }
  }

  /// Works on a record before a sweep runs; waits while it is locked.
  ///
  /// - Throws: the error of the work, except ``busy(path:)``.
  static func waitingWhileBusy<Value>(
    _ logger: Logger, _ work: () throws -> Value
  ) throws -> Value {
    var hold: RecordHold?
    while true {
      do {
        let value = try work()
        if let hold { logger.notice("\(hold.end)") }
        return value
      } catch let error as StoreError {
        guard let found = RecordHold(error), case .busy(let path) = found else { throw error }
        if hold == nil {
          logger.warning(
            """
            \(path): another program holds the database: waiting until it ends (`lsof \(path)` \
            names it)
            """)
        }
        hold = found
        Thread.sleep(forTimeInterval: interval)
      }
    }
  }
}

/// A person stopped a sweep whose record could not be written at that time.
struct StoppedWhileHeld: Error, CustomStringConvertible {
  /// What prevented writing.
  let obstacle: StoreError

  var description: String {
    "stopped although the last records could not be stored: \(obstacle); workers keep what they "
      + "finished, and the same command takes the sweep up again"
  }
}
