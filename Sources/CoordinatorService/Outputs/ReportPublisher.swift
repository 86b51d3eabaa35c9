import Foundation
import Logging
import Synchronization

/// Writes the outputs while the sweep runs, on a thread of its own, so that drawing a figure never
/// delays a heartbeat.
///
/// Requests that come while it writes are answered by one more writing afterwards, and between
/// two writings it rests for ``rest``, or for ten times what the writing took if that is longer,
/// so that the reports of a sweep of 100,000 trials never take more than a tenth of a core.
final class ReportPublisher: Sendable {
  /// The pause after a writing.
  static let rest = Duration.seconds(5)
  /// The nice value of the thread.
  private static let niceness: Int32 = 10

  private let requests = Requests()
  private let wake = DispatchSemaphore(value: 0)
  private let closing = DispatchSemaphore(value: 0)
  private let done = DispatchSemaphore(value: 0)

  private final class Requests: Sendable {
    let state = Mutex((isRequested: false, isClosed: false))
  }

  /// Starts the thread.
  ///
  /// - Parameter write: Writes all outputs; its error is logged and the next writing tries again.
  init(logger: Logger, write: @escaping @Sendable () throws -> Void) {
    Thread.detachNewThread { [requests, wake, closing, done] in
      // The calling thread's own nice value, on Linux: where processors are scarce, results are
      // taken in and workers are answered first.
      setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, Self.niceness)
      while true {
        wake.wait()
        let isClosed = requests.state.withLock { state in
          state.isRequested = false
          return state.isClosed
        }
        if isClosed { break }
        let clock = ContinuousClock()
        let duration = clock.measure {
          do {
            try write()
          } catch {
            logger.warning("outputs not written: \(error)")
          }
        }
        let rest = max(Self.rest, duration * 10)
        let pause = DispatchTimeInterval.seconds(Int(rest.components.seconds))
        if closing.wait(timeout: .now() + pause) == .success { break }
      }
      done.signal()
    }
  }

  /// Asks for the outputs to be written soon; from any thread.
  func request() {
    let wasRequested = requests.state.withLock { state in
      defer { state.isRequested = true }
      return state.isRequested
    }
    if !wasRequested { wake.signal() }
  }

  /// Ends the thread, waiting for a writing that is under way.
  func close() {
    requests.state.withLock { $0.isClosed = true }
    wake.signal()
    closing.signal()
    done.wait()
  }
}
