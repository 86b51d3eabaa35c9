import Messaging
import Synchronization

/// Ends a transfer from another thread.
package final class Cancellation: Sendable {
  private let flag = Atomic<Bool>(false)
  private let wakePipe: WakePipe

  /// Creates an open cancellation.
  package init() throws(MessagingError) {
    wakePipe = try WakePipe()
  }

  /// Cancels all present and later transfers that use this; they throw ``TransferError/cancelled``.
  package func cancel() {
    flag.store(true, ordering: .releasing)
    wakePipe.wake()
  }

  /// Whether somebody cancelled.
  package var isCancelled: Bool { flag.load(ordering: .acquiring) }

  /// Becomes and stays readable after the cancellation.
  var pollItem: PollItem { wakePipe.pollItem }
}
