import Coordination
import Digests
import Messaging
import Trials
import Wire

/// The coordinator's control socket in the coordinator's own words.
///
/// Frames that are no message, and messages of another protocol version, are dropped and counted
/// here; the peer of another version is told, alone.
struct ControlGateway: ~Copyable {
  private let socket: RouterSocket
  /// Where it listens, with the actual port.
  let endpoint: Endpoint
  /// How many messages were dropped, by reason.
  private(set) var droppedCounts: [String: Int] = [:]

  /// Binds the control socket.
  ///
  /// - Throws: `MessagingError` when the endpoint is taken or not this machine's.
  init(_ context: Context, endpoint: Endpoint) throws {
    let socket = try RouterSocket(context, options: .control)
    let port = try Endpoint(try socket.bind(to: endpoint.description)).port
    self.endpoint = endpoint.with(port: port) ?? endpoint
    self.socket = socket
  }

  /// Waits for messages.
  var pollItem: PollItem { socket.pollItem }

  /// Takes the next message that makes sense; nil when none is left.
  mutating func receive() throws(MessagingError) -> (message: WorkerMessage, from: ConnectionID)? {
    while let routed = try socket.receive() {
      let connection = ConnectionID(routed.routingID)
      do throws(WireError) {
        return (try WorkerMessage(frames: routed.frames), connection)
      } catch {
        droppedCounts[error.kind, default: 0] += 1
        if case .otherMajor = error {
          _ = try send(
            .refusal(
              reason: "\(error)",
              remedy: "run the worker of the same release as the coordinator, "
                + "\(ProductVersion.current)"),
            to: connection)
        }
      }
    }
    return nil
  }

  /// Sends a message; a worker's queue that is full loses it, as the network might.
  func send(
    _ message: CoordinatorMessage, to connection: ConnectionID
  ) throws(MessagingError) -> SendOutcome {
    let frames: [[UInt8]]
    do throws(WireError) {
      frames = try message.frames()
    } catch {
      preconditionFailure("a message of ours that breaks the protocol: \(error)")
    }
    return try socket.send(frames, to: connection.bytes)
  }
}

extension WireError {
  /// The kind of error, for counting.
  fileprivate var kind: String {
    switch self {
    case .otherMajor: "other protocol version"
    case .unknownBody: "unknown message"
    case .malformed: "malformed message"
    case .tooLarge: "oversized message"
    }
  }
}
