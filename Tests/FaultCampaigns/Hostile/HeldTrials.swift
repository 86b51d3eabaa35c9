import Benches
import Foundation
import Synchronization

/// Holds a sweep's last trials until they are released, so that the sweep outlasts what is done to
/// it on a machine of any speed.
final class HeldTrials: Sendable {
  /// So many trials are left when they are held: one may complete before the next look.
  private static let count = 2

  private let isReleased = Mutex(false)
  private let worker: Process

  /// Begins to look, on a thread of its own.
  ///
  /// - Parameters:
  ///   - trials: How many the sweep has.
  ///   - worker: The only one that completes any.
  init(of trials: Int, on worker: Process, as completions: Completions) {
    self.worker = worker
    Thread.detachNewThread { [self] in
      while worker.isRunning {
        isReleased.withLock { isReleased in
          guard !isReleased, completions.times.count >= trials - Self.count else { return }
          for child in trainers { kill(child, SIGSTOP) }
        }
        usleep(10_000)
      }
    }
  }

  /// Lets them go on.
  func release() {
    isReleased.withLock { isReleased in
      isReleased = true
      for child in trainers { kill(child, SIGCONT) }
    }
  }

  /// The children that run their own program.
  ///
  /// One that has just been made still has its parent's
  /// command line, and its parent waits for it.
  private var trainers: [Int32] {
    let own = Self.commandLine(of: worker.processIdentifier)
    return worker.children.filter { Self.commandLine(of: $0) != own }
  }

  private static func commandLine(of process: Int32) -> Data? {
    try? Data(contentsOf: URL(filePath: "/proc/\(process)/cmdline"))
  }
}
