import Benches
import Foundation
import Synchronization

/// Suspends a sweep's last trials until they are released, so that the sweep lasts until the attacks
/// are over, on a machine of any speed.
final class HeldTrials: Sendable {
  /// How many trials are left when they are suspended: one may complete before the next look.
  private static let count = 2

  private let isReleased = Mutex(false)
  private let worker: Process

  /// Starts a thread that suspends the trials.
  ///
  /// - Parameters:
  ///   - trials: How many trials the sweep has.
  ///   - worker: The only worker that completes trials.
  ///   - completions: The trials that have completed.
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

  /// Lets the trials continue.
  func release() {
    isReleased.withLock { isReleased in
      isReleased = true
      for child in trainers { kill(child, SIGCONT) }
    }
  }

  /// The worker's children that run trials.
  ///
  /// A child that has just been forked still has its parent's command line, and its parent waits for
  /// it. Suspending it would suspend the parent too.
  private var trainers: [Int32] {
    let own = Self.commandLine(of: worker.processIdentifier)
    return worker.children.filter { Self.commandLine(of: $0) != own }
  }

  private static func commandLine(of process: Int32) -> Data? {
    try? Data(contentsOf: URL(filePath: "/proc/\(process)/cmdline"))
  }
}
