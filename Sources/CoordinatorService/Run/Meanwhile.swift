import Foundation
import Synchronization

/// Work on a thread of its own, whose result is asked for later.
final class Meanwhile<Value: Sendable>: Sendable {
  private let outcome = Mutex<Result<Value, any Error>?>(nil)
  private let isDone = DispatchSemaphore(value: 0)

  /// Begins the work.
  init(_ work: @escaping @Sendable () throws -> Value) {
    Thread.detachNewThread { [self] in
      let result = Result { try work() }
      outcome.withLock { $0 = result }
      isDone.signal()
    }
  }

  /// Whether the work is done, so that nobody waits for it.
  var hasEnded: Bool { outcome.withLock { $0 != nil } }

  /// Waits for the work's end and returns what it gave; may be asked for again.
  ///
  /// - Throws: the error of the work.
  func value() throws -> Value {
    isDone.wait()
    // For whoever else asks.
    isDone.signal()
    guard let result = outcome.withLock({ $0 }) else {
      preconditionFailure("the work signals after it has put its outcome")
    }
    return try result.get()
  }
}
