import Synchronization

/// A queue of facts from other threads for a thread that waits in ``Poller``.
package final class Inbox<Fact: Sendable>: Sendable {
  private let facts = Mutex<[Fact]>([])
  private let pipe: WakePipe

  /// An empty inbox.
  package init() throws(MessagingError) {
    pipe = try WakePipe()
  }

  /// Polls for facts.
  package var pollItem: PollItem { pipe.pollItem }

  /// Adds a fact and wakes the reader; may be called from any thread.
  package func put(_ fact: Fact) {
    facts.withLock { $0.append(fact) }
    pipe.wake()
  }

  /// Takes all facts in order; does not block.
  package func take() -> [Fact] {
    _ = pipe.drain()
    return facts.withLock { facts in
      defer { facts = [] }
      return facts
    }
  }
}
