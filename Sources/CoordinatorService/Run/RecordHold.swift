import Foundation
import Logging
import Store

/// What keeps a sweep's record from being written for now, and passes: it is waited for.
enum RecordHold: Hashable {
  /// The disk of the file has no room.
  case full(path: String)
  /// Another program holds the file.
  case busy(path: String)

  /// How often it is tried again before anything runs.
  private static let interval: TimeInterval = 1

  /// What an error says of it; nil for an error that no waiting mends.
  init?(_ error: StoreError) {
    switch error {
    case .diskFull(let path): self = .full(path: path)
    case .busy(let path): self = .busy(path: path)
    default: return nil
    }
  }

  /// What is wrong, and what it means for a running sweep.
  var obstacle: String {
    let consequence =
      "no trial is begun and no result taken until then; workers train on and keep what they finish"
    return switch self {
    case .full(let path): "\(path): the disk is full: waiting for space; \(consequence)"
    case .busy(let path):
      "\(path): another program holds the database: waiting until it lets go (`lsof \(path)` names "
        + "it); \(consequence)"
    }
  }

  /// That it has passed.
  var end: String {
    switch self {
    case .full: "there is space on the disk again"
    case .busy: "the database is free again"
    }
  }

  /// Does something to a record before a sweep runs, waiting until it is free.
  ///
  /// - Throws: The error of the work, but for ``busy(path:)``.
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
            \(path): another program holds the database: waiting until it lets go (`lsof \(path)` \
            names it)
            """)
        }
        hold = found
        Thread.sleep(forTimeInterval: interval)
      }
    }
  }
}
