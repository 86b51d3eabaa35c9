import Foundation
import Logging
import Synchronization

/// Writes the outputs on a separate thread while the sweep runs, so that drawing does not delay
/// heartbeats.
///
/// Requests during a write cause one more write. Between writes it pauses for ``rest``, or ten
/// times the duration of the write if that is longer, so that reports of a large sweep use at most
/// a tenth of a core.
final class ReportPublisher: Sendable {
  /// The pause after a write.
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
  /// - Parameter write: Writes all outputs. An error is logged; the next write tries again.
  init(logger: Logger, write: @escaping @Sendable () throws -> Void) {
    Thread.detachNewThread { [requests, wake, closing, done] in
      // Lowers the priority of this thread (on Linux), so that handling messages comes first when
      // processors are scarce.
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

  /// Requests a write; may be called from any thread.
  func request() {
    let wasRequested = requests.state.withLock { state in
      defer { state.isRequested = true }
      return state.isRequested
    }
    if !wasRequested { wake.signal() }
  }

  /// Ends the thread after a write in progress.
  func close() {
    requests.state.withLock { $0.isClosed = true }
    wake.signal()
    closing.signal()
    done.wait()
  }
}
