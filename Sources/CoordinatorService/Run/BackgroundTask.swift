import Foundation
import Synchronization

/// A task on its own thread whose result is read later.
final class BackgroundTask<Value: Sendable>: Sendable {
  private let outcome = Mutex<Result<Value, any Error>?>(nil)
  private let isDone = DispatchSemaphore(value: 0)

  /// Starts the task.
  init(_ work: @escaping @Sendable () throws -> Value) {
    Thread.detachNewThread { [self] in
      let result = Result { try work() }
      outcome.withLock { $0 = result }
      isDone.signal()
    }
  }

  /// Whether the task has ended, so that ``value()`` does not wait.
  var hasEnded: Bool { outcome.withLock { $0 != nil } }

  /// Waits for the task's end and returns its result; may be called repeatedly.
  ///
  /// - Throws: the error of the task.
  func value() throws -> Value {
    isDone.wait()
    // Wake the next waiting caller.
    isDone.signal()
    guard let result = outcome.withLock({ $0 }) else {
      preconditionFailure("the work signals after it has put its outcome")
    }
    return try result.get()
  }
}
