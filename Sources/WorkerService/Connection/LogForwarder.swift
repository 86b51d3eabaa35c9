import Foundation
import Logging
import Synchronization

/// Keeps what a worker tells people until it is sent to the coordinator, as far as there is room.
final class LogForwarder: Sendable {
  /// The most lines and bytes that wait, and that go in one message.
  static let (lineCountMaximum, byteCountMaximum) = (256, 48 << 10)
  /// The most of a line; a character may have several bytes.
  private static let characterCountMaximum = 1000

  private let state = Mutex(State())

  private struct State {
    var lines: [String] = []
    var byteCount = 0
    /// Lines left out since the last message, which the next one tells.
    var leftOutCount = 0
    var leftOutBefore = 0
  }

  /// Adds a line; the first ones wait, later ones are counted.
  func add(_ line: String) {
    let line = String(line.prefix(Self.characterCountMaximum))
    state.withLock { state in
      guard state.lines.count < Self.lineCountMaximum,
        state.byteCount + line.utf8.count <= Self.byteCountMaximum
      else {
        state.leftOutCount += 1
        return
      }
      state.lines.append(line)
      state.byteCount += line.utf8.count
    }
  }

  /// Passes on what waits: lines, and how many were left out before them.
  ///
  /// - Parameter take: Not called for nothing; false keeps the lines for the next time.
  func pass(to take: (_ lines: [String], _ leftOutCount: Int) -> Bool) {
    let waiting = state.withLock { $0 }
    guard !waiting.lines.isEmpty || waiting.leftOutBefore > 0,
      take(waiting.lines, waiting.leftOutBefore)
    else { return }
    // Others may have added lines meanwhile.
    state.withLock { state in
      state.lines.removeFirst(waiting.lines.count)
      state.byteCount -= waiting.byteCount
      state.leftOutBefore = waiting.leftOutCount
      state.leftOutCount -= waiting.leftOutCount
    }
  }

  /// A logger that tells people as another does, and the coordinator too.
  func logger(besides logger: Logger) -> Logger {
    var both = logger
    let console = logger.handler
    both.handler = MultiplexLogHandler([console, ForwardingLog(forwarder: self)])
    return both
  }
}

/// A log handler that hands each message to a ``LogForwarder``.
private struct ForwardingLog: LogHandler {
  let forwarder: LogForwarder
  var logLevel: Logger.Level = .info
  var metadata: Logger.Metadata = [:]

  init(forwarder: LogForwarder) { self.forwarder = forwarder }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    let text = "\(event.message)".replacing("\n", with: " ")
    forwarder.add("\(Date().ISO8601Format()) \(event.level.rawValue) \(text)")
  }
}
