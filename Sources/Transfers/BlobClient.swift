import Digests
import Foundation
import Messaging
import Wire

/// A worker's end of a data connection: fetches and uploads blobs, one at a time.
///
/// Calls block until the blob is there, on both sides verified and durable; they go on by
/// themselves after a reconnection, and a repeated call goes on where an earlier one ended.
/// Use it from one thread.
package struct BlobClient: ~Copyable {
  let dealer: DealerSocket
  let settings: TransferSettings

  /// Begins to connect to a coordinator's data endpoint.
  package init(
    _ context: Context, endpoint: String, settings: TransferSettings = TransferSettings(),
    options: SocketOptions = .data
  ) throws(MessagingError) {
    let dealer = try DealerSocket(context, options: options)
    try dealer.connect(to: endpoint)
    self.dealer = dealer
    self.settings = settings
  }

  /// Waits for an answer, the window's patience or the cancellation.
  ///
  /// - Parameter wantsToSend: Whether a message could not be sent and waits.
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

  /// Sends a request; false when it must wait until the connection can take it.
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

  /// Takes the next reply about a blob; those about others are left from earlier transfers.
  func reply(about digest: Digest) throws(TransferError) -> DataReply? {
    while let frames = try receive() {
      do throws(WireError) {
        let reply = try DataReply(frames: frames)
        if reply.digest == digest { return reply }
      } catch .otherMajor(let found) {
        throw .otherMajor(found: found)
      } catch {
        // Of a newer minor version, or damaged: as good as lost, and asked for again.
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
