import Foundation
import Messaging
import Synchronization
import Wire

/// The coordinator's end of the data connections: serves and receives blobs on its own thread.
///
/// It has its own socket and port, so that heartbeats never wait for blobs. A peer's queue is
/// bounded by the socket's options, its open files by ``BlobDesk``.
package final class BlobServer: Sendable {
  /// Where the server listens, with the actual port.
  package let endpoint: String
  /// Files that are served in addition to the store.
  package let files: FileRegistry
  private let wakePipe: WakePipe
  private let state: Shared

  /// The state shared with other threads.
  private final class Shared: Sendable {
    let statistics = Mutex(BlobStatistics())
    let ended = DispatchSemaphore(value: 0)
  }

  /// Binds the data socket and starts the thread.
  ///
  /// - Parameters:
  ///   - endpoint: Where to listen, such as `tcp://*:5751` or `tcp://*:*`.
  ///   - store: The store to serve.
  ///   - files: Files that are served in addition to the store.
  ///   - ledger: Decides who may store how much; nil allows everybody.
  ///   - admits: Whether to serve a user id.
  package init(
    _ context: Context, endpoint: String, store: BlobStore, files: FileRegistry = FileRegistry(),
    ledger: BlobLedger? = nil, options: SocketOptions = .data,
    admits: @escaping @Sendable (_ userID: String?) -> Bool = { _ in true }
  ) throws(MessagingError) {
    let router = try RouterSocket(context, options: options)
    self.endpoint = try router.bind(to: endpoint)
    self.files = files
    wakePipe = try WakePipe()
    state = Shared()
    let loop = Loop(
      router: router, desk: BlobDesk(store: store, files: files, ledger: ledger),
      wakePipe: wakePipe,
      state: state, admits: admits)
    let handOver = Mutex<Loop?>(loop)
    let state = state
    let thread = Thread {
      if var loop = handOver.withLock({ $0.take() }) { loop.run() }
      state.ended.signal()
    }
    thread.name = "blob server"
    thread.start()
  }

  /// What the server has done so far.
  package var statistics: BlobStatistics { state.statistics.withLock { $0 } }

  /// Closes the socket and ends the thread; returns when both are done.
  ///
  /// Stored blobs stay. Incomplete uploads can be resumed.
  package func stop() {
    wakePipe.wake()
    state.ended.wait()
    // Wake other callers too.
    state.ended.signal()
  }

  deinit { wakePipe.wake() }

  /// The state owned by the thread.
  private struct Loop: ~Copyable {
    let router: RouterSocket
    var desk: BlobDesk
    let wakePipe: WakePipe
    let state: Shared
    let admits: @Sendable (_ userID: String?) -> Bool

    mutating func run() {
      do {
        while true {
          let ready = try Poller.wait(
            for: [router.pollItem, wakePipe.pollItem], timeout: .seconds(60))
          if ready[1] != [] { return }
          if ready[0] != [] { try serve() }
        }
      } catch {
        state.statistics.withLock { $0.failure = error }
      }
    }

    /// Answers at most 64 requests, so that a stop is noticed soon.
    private mutating func serve() throws(MessagingError) {
      for _ in 0..<64 {
        guard let message = try router.receive() else { return }
        guard admits(message.userID) else {
          state.statistics.withLock { $0.refusedCount += 1 }
          continue
        }
        guard let reply = reply(to: message) else {
          state.statistics.withLock { $0.unreadableCount += 1 }
          continue
        }
        // Whoever has the reply finds it counted.
        try state.statistics.withLock { (statistics) throws(MessagingError) in
          let isSent = try router.send(reply.frames, to: message.routingID) == .sent
          statistics.note(reply.message, isSent: isSent)
          statistics.trouble = desk.trouble
        }
      }
    }

    /// The answer to a message; nil if it is not a request of this protocol version.
    ///
    /// The control connection tells a worker about version differences.
    private mutating func reply(
      to message: RoutedMessage
    ) -> (message: DataReply, frames: [[UInt8]])? {
      guard let request = try? DataRequest(frames: message.frames) else { return nil }
      let reply = desk.reply(
        to: request,
        from: BlobSender(
          userID: message.userID, peerAddress: message.peerAddress, connection: message.routingID))
      do {
        return (reply, try reply.frames())
      } catch {
        preconditionFailure("a reply is within the protocol's limits: \(error)")
      }
    }
  }
}
