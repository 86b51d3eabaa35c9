import CZeroMQ
import Foundation
import Synchronization

/// Decides who may connect to the CURVE servers of a context.
///
/// The handler of ZeroMQ's authentication protocol (RFC 27, ZAP): libzmq asks it once per
/// handshake; it answers on its own thread. Open it before the sockets bind. While it is closed,
/// nobody is admitted.
package final class AdmissionDesk: Sendable {
  /// Who asks to be admitted.
  package struct Request: Sendable {
    /// The server socket's domain.
    package var domain: String
    /// The peer's key, which it has proved to hold.
    package var key: CurvePublicKey
    /// The numeric address of the peer's host.
    package var address: String
  }

  /// The answer to a request.
  package enum Decision: Hashable, Sendable {
    /// Admitted. The user id is attached to every message of the connection.
    case admit(userID: String)
    /// Refused. The peer does not learn the reason.
    case refuse
  }

  private static let endpoint = "inproc://zeromq.zap.01"

  private let wakePipe: WakePipe
  private let ended = DispatchSemaphore(value: 0)

  /// Opens the desk of a context; there can be only one.
  ///
  /// - Parameter decide: Called on the desk's thread.
  package init(
    _ context: Context, decide: @escaping @Sendable (Request) -> Decision
  ) throws(MessagingError) {
    var options = SocketOptions(frameByteCountMaximum: 4096)
    options.frameCountMaximum = 16
    // A ROUTER can skip invalid requests, unlike a REP.
    let handle = try SocketHandle(context, type: ZMQ_ROUTER, options: options)
    _ = try handle.bind(to: Self.endpoint)
    wakePipe = try WakePipe()
    let desk = Loop(handle: handle, wakePipe: wakePipe, decide: decide)
    let ended = ended
    let handOver = Mutex<Loop?>(desk)
    let thread = Thread {
      handOver.withLock { $0.take() }?.run()
      ended.signal()
    }
    thread.name = "admission desk"
    thread.start()
  }

  /// Closes the desk; returns when its thread has ended.
  ///
  /// From then on nobody is admitted.
  package func close() {
    wakePipe.wake()
    ended.wait()
    // Wake other callers too.
    ended.signal()
  }

  deinit { wakePipe.wake() }

  private struct Loop: ~Copyable, @unchecked Sendable {
    let handle: SocketHandle
    let wakePipe: WakePipe
    let decide: @Sendable (Request) -> Decision

    consuming func run() {
      defer { handle.close() }
      // An error means that the context has ended.
      while let ready = try? Poller.wait(
        for: [PollItem(handle, .readable), wakePipe.pollItem], timeout: .seconds(60))
      {
        if ready[1] != [] { return }
        while let received = try? handle.receive(frameCountMaximum: 16) {
          answer(received.frames)
        }
      }
    }

    /// Frames: routing id, empty, "1.0", request id, domain, address, the peer's routing id,
    /// mechanism, credentials.
    private func answer(_ frames: [[UInt8]]) {
      guard frames.count >= 4 else { return }
      var reply = Array(frames[0..<2]) + [Array("1.0".utf8), frames[3]]
      switch decision(on: frames) {
      case .admit(let userID):
        reply += [Array("200".utf8), Array("OK".utf8), Array(userID.utf8), []]
      case .refuse:
        reply += [Array("400".utf8), Array("refused".utf8), [], []]
      }
      for (index, frame) in reply.enumerated() {
        try? handle.send(frame: frame, isLast: index == reply.count - 1)
      }
    }

    private func decision(on frames: [[UInt8]]) -> Decision {
      guard frames.count == 9, frames[2] == Array("1.0".utf8), frames[7] == Array("CURVE".utf8),
        let key = CurvePublicKey(bytes: frames[8])
      else { return .refuse }
      return decide(
        Request(
          domain: String(decoding: frames[4], as: UTF8.self), key: key,
          address: PeerAddress.text(String(decoding: frames[5], as: UTF8.self))))
    }
  }
}
