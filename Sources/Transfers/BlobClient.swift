import Digests
import Foundation
import Messaging
import Wire

/// The worker's side of a data connection: fetches and uploads blobs, one at a time.
///
/// Calls block until the blob is verified and durable on the receiving side. They continue after a
/// reconnection, and a repeated call continues where an earlier one ended. Use it from one thread.
package struct BlobClient: ~Copyable {
  let dealer: DealerSocket
  let settings: TransferSettings

  /// Starts to connect to a coordinator's data endpoint.
  package init(
    _ context: Context, endpoint: String, settings: TransferSettings = TransferSettings(),
    options: SocketOptions = .data
  ) throws(MessagingError) {
    let dealer = try DealerSocket(context, options: options)
    try dealer.connect(to: endpoint)
    self.dealer = dealer
    self.settings = settings
  }

  /// Waits for an answer, the window's timeout or the cancellation.
  ///
  /// - Parameter wantsToSend: Whether a message is waiting to be sent.
  func wait(
    _ window: CreditWindow, wantsToSend: Bool, cancellation: Cancellation?
  ) throws(TransferError) {
    if cancellation?.isCancelled == true { throw .cancelled }
    var items = [dealer.pollItem(for: wantsToSend ? [.readable, .writable] : .readable)]
    if let cancellation { items.append(cancellation.pollItem) }
    do {
      _ = try Poller.wait(for: items, timeout: max(.zero, window.patience(at: .now)))
    } catch {
      throw .messaging(error)
    }
    if cancellation?.isCancelled == true { throw .cancelled }
  }

  /// Sends a request; returns false if the connection cannot accept it now.
  func send(_ request: DataRequest) throws(TransferError) -> Bool {
    let frames: [[UInt8]]
    do {
      frames = try request.frames()
    } catch {
      preconditionFailure("a request is within the protocol's limits: \(error)")
    }
    do {
      return try dealer.send(frames) == .sent
    } catch {
      throw .messaging(error)
    }
  }

  /// Receives the next reply about a blob; ignores replies about other blobs, which belong to
  /// earlier transfers.
  func reply(about digest: Digest) throws(TransferError) -> DataReply? {
    while let frames = try receive() {
      do throws(WireError) {
        let reply = try DataReply(frames: frames)
        if reply.digest == digest { return reply }
      } catch .otherMajor(let found) {
        throw .otherMajor(found: found)
      } catch {
        // A reply of a newer minor version or a damaged one is ignored; the request is repeated.
        continue
      }
    }
    return nil
  }

  private func receive() throws(TransferError) -> [[UInt8]]? {
    do {
      return try dealer.receive()
    } catch {
      throw .messaging(error)
    }
  }
}
