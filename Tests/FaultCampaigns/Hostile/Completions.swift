import Benches
import Foundation
import Synchronization

/// Records when the trials of a running sweep complete, according to its coordinator's log.
final class Completions: Sendable {
  private let found = Mutex<[ContinuousClock.Instant]>([])
  private let isOver = Mutex(false)

  /// Starts a thread that reads the log of the processes of a name.
  init(_ bench: ProcessBench, _ name: String) {
    Thread.detachNewThread { [self] in
      while !isOver.withLock({ $0 }) {
        let count = bench.log(name).components(separatedBy: " complete, by ").count - 1
        found.withLock { times in
          while times.count < count { times.append(.now) }
        }
        usleep(10_000)
      }
    }
  }

  /// When trials completed, to about 10 ms.
  var times: [ContinuousClock.Instant] { found.withLock { $0 } }

  /// Ends the thread.
  func close() { isOver.withLock { $0 = true } }
}
