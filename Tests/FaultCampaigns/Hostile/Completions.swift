import Benches
import Foundation
import Synchronization

/// When the trials of a running sweep complete, as its coordinator's log tells.
final class Completions: Sendable {
  private let found = Mutex<[ContinuousClock.Instant]>([])
  private let isOver = Mutex(false)

  /// Begins to watch the log of a name, on a thread of its own.
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

  /// The moments, to about 10 ms.
  var times: [ContinuousClock.Instant] { found.withLock { $0 } }

  /// Watches no longer.
  func close() { isOver.withLock { $0 = true } }
}
