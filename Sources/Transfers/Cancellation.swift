import Messaging
import Synchronization

/// Ends a transfer from another thread.
package final class Cancellation: Sendable {
  private let flag = Atomic<Bool>(false)
  private let wakePipe: WakePipe

  /// A cancellation that has not happened yet.
  package init() throws(MessagingError) {
    wakePipe = try WakePipe()
  }

  /// Ends the transfers that were given this, now and later, with ``TransferError/cancelled``.
  package func cancel() {
    flag.store(true, ordering: .releasing)
    wakePipe.wake()
  }

  /// Whether somebody cancelled.
  package var isCancelled: Bool { flag.load(ordering: .acquiring) }

  /// Becomes readable with the cancellation, and stays so.
  var pollItem: PollItem { wakePipe.pollItem }
}
