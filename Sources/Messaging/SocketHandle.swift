import CZeroMQ
import Glibc

/// A libzmq socket: the pointer, its owner thread, and the calls common to all kinds.
///
/// The first message or poll binds the handle to its thread; use on another one traps. Before that
/// the socket may be set up on one thread and passed to another, which libzmq permits with a full
/// memory fence (such as starting a thread or taking a lock).
final class SocketHandle {
  let context: Context
  let options: SocketOptions
  private let openPointer: UnsafeMutableRawPointer
  private var isOpen = true
  private var owner: pthread_t?
  /// Messages dropped since the beginning because they had too many frames.
  private(set) var droppedMessageCount = 0

  init(_ context: Context, type: Int32, options: SocketOptions) throws(MessagingError) {
    self.context = context
    self.options = options
    openPointer = try Call.pointer("zmq_socket", "type \(type)") {
      zmq_socket(context.pointer, type)
    }
    do {
      try options.apply(to: self)
    } catch {
      close()
      throw error
    }
  }

  deinit { close() }

  /// Closes the socket; the C function is `zmq_close`, which never blocks.
  func close() {
    guard isOpen else { return }
    isOpen = false
    zmq_close(openPointer)
  }

  /// The socket, for setup.
  private var pointer: UnsafeMutableRawPointer {
    precondition(isOpen, "a socket was used after it was closed")
    return openPointer
  }

  /// The socket, for messages and polling on its owner thread.
  var pointerForUse: UnsafeMutableRawPointer {
    if let owner {
      precondition(
        pthread_equal(owner, pthread_self()) != 0, "a socket was used from a second thread")
    } else {
      owner = pthread_self()
    }
    return pointer
  }

  /// The C function is `zmq_setsockopt`.
  func set(_ option: Int32, _ name: String, _ value: some FixedWidthInteger) throws(MessagingError)
  {
    var value = value
    try Call.check("zmq_setsockopt", "\(name) \(value)") {
      zmq_setsockopt(pointer, option, &value, MemoryLayout.size(ofValue: value))
    }
  }

  /// The C function is `zmq_setsockopt`; errors do not contain the bytes, which may be secret.
  func set(_ option: Int32, _ name: String, bytes: [UInt8]) throws(MessagingError) {
    try Call.check("zmq_setsockopt", name) {
      zmq_setsockopt(pointer, option, bytes, bytes.count)
    }
  }

  /// The C function is `zmq_getsockopt`.
  func number<Number: FixedWidthInteger>(
    _ option: Int32, _ name: String, as type: Number.Type
  ) throws(MessagingError) -> Number {
    var value = Number.zero
    var size = MemoryLayout<Number>.size
    try Call.check("zmq_getsockopt", name) { zmq_getsockopt(pointer, option, &value, &size) }
    return value
  }

  /// The resolved endpoint of the last bind or connect.
  ///
  /// The C function is `zmq_getsockopt` with `ZMQ_LAST_ENDPOINT`.
  func lastEndpoint() throws(MessagingError) -> String {
    var text = [UInt8](repeating: 0, count: 1024)
    var size = text.count
    try Call.check("zmq_getsockopt", "ZMQ_LAST_ENDPOINT") {
      zmq_getsockopt(pointer, ZMQ_LAST_ENDPOINT, &text, &size)
    }
    return String(decoding: text.prefix { $0 != 0 }, as: UTF8.self)
  }

  /// The C function is `zmq_bind`; returns the endpoint with its actual port.
  func bind(to endpoint: String) throws(MessagingError) -> String {
    try Call.check("zmq_bind", endpoint) { zmq_bind(pointer, endpoint) }
    return try lastEndpoint()
  }

  /// The C function is `zmq_connect`.
  func connect(to endpoint: String) throws(MessagingError) {
    try Call.check("zmq_connect", endpoint) { zmq_connect(pointer, endpoint) }
  }

  /// The C function is `zmq_socket_monitor`.
  func monitor(at endpoint: String, events: Int32) throws(MessagingError) {
    try Call.check("zmq_socket_monitor", endpoint) {
      zmq_socket_monitor(pointer, endpoint, events)
    }
  }

  /// Ends what ``monitor(at:events:)`` began; the C function is `zmq_socket_monitor`.
  func stopMonitor() {
    if isOpen { zmq_socket_monitor(openPointer, nil, 0) }
  }

  /// The C function is `zmq_disconnect`.
  func disconnect(from endpoint: String) throws(MessagingError) {
    try Call.check("zmq_disconnect", endpoint) { zmq_disconnect(pointer, endpoint) }
  }
}

extension SocketHandle {
  /// Sends one frame without waiting; the C function is `zmq_send`.
  func send(frame: [UInt8], isLast: Bool) throws(MessagingError) {
    let flags = isLast ? ZMQ_DONTWAIT : ZMQ_DONTWAIT | ZMQ_SNDMORE
    let socket = pointerForUse
    try Call.check("zmq_send", "\(frame.count) bytes") {
      frame.withUnsafeBytes { zmq_send(socket, $0.baseAddress, $0.count, flags) }
    }
  }

  /// Refuses a message that would make the peer close the connection.
  func checkBounds(_ frames: [[UInt8]]) throws(MessagingError) {
    precondition(!frames.isEmpty, "a message has at least one frame")
    precondition(
      frames.count <= options.frameCountMaximum,
      "a message of \(frames.count) frames, where the socket allows \(options.frameCountMaximum)")
    for frame in frames where frame.count > options.frameByteCountMaximum {
      throw MessagingError(
        code: .messageTooLarge, operation: "zmq_send",
        context: "frame of \(frame.count) bytes, expected at most \(options.frameByteCountMaximum)")
    }
  }

  /// A received message: its frames and its sender according to libzmq.
  struct Received {
    var frames: [[UInt8]]
    var peerAddress: String?
    var userID: String?
  }

  /// Receives the next message of at most `frameCountMaximum` frames, if there is one.
  ///
  /// Longer messages are dropped and counted, at most 64 per call. The C functions are
  /// `zmq_msg_recv`, `zmq_msg_more` and `zmq_msg_gets`.
  func receive(frameCountMaximum: Int) throws(MessagingError) -> Received? {
    for _ in 0..<64 {
      guard let first = try receiveFrame() else { return nil }
      var last = first
      var frames = [first.bytes]
      var count = 1
      var hasMore = first.hasMore
      while hasMore, let next = try receiveFrame() {
        last = next
        count += 1
        if count <= frameCountMaximum { frames.append(next.bytes) }
        hasMore = next.hasMore
      }
      if count <= frameCountMaximum {
        return Received(frames: frames, peerAddress: last.peerAddress, userID: last.userID)
      }
      droppedMessageCount += 1
    }
    return nil
  }

  private struct Frame {
    var bytes: [UInt8]
    var hasMore: Bool
    var peerAddress: String?
    var userID: String?
  }

  private func receiveFrame() throws(MessagingError) -> Frame? {
    let socket = pointerForUse
    var message = zmq_msg_t()
    zmq_msg_init(&message)
    defer { zmq_msg_close(&message) }
    do {
      try Call.check("zmq_msg_recv", "") { zmq_msg_recv(&message, socket, ZMQ_DONTWAIT) }
    } catch  where error.code == .tryAgain {
      return nil
    }
    let bytes = [UInt8](
      UnsafeRawBufferPointer(start: zmq_msg_data(&message), count: zmq_msg_size(&message)))
    var frame = Frame(bytes: bytes, hasMore: zmq_msg_more(&message) != 0)
    // Read the peer from the last frame: after polling, a ROUTER's first frame, the routing id, has
    // no peer properties.
    if !frame.hasMore {
      frame.peerAddress = zmq_msg_gets(&message, "Peer-Address").map {
        PeerAddress.text(String(cString: $0))
      }
      frame.userID = zmq_msg_gets(&message, "User-Id").map { String(cString: $0) }
    }
    return frame
  }
}
