import Foundation
import Logging
import Synchronization
import Trials

/// Buffers a worker's log lines until they are sent to the coordinator.
final class LogForwarder: Sendable {
  /// Most lines and bytes in the buffer and in one message.
  static let (lineCountMaximum, byteCountMaximum) = (256, 48 << 10)
  /// Longest line, in characters of possibly several bytes.
  private static let characterCountMaximum = 1000

  private let state = Mutex(State())

  private struct State {
    var lines: [String] = []
    var byteCount = 0
    /// Lines dropped since the last message; the next one reports their number.
    var leftOutCount = 0
    var leftOutBefore = 0
  }

  /// Adds a line; if the buffer is full, only counts it.
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

  /// Passes on the buffered lines, and how many were dropped.
  ///
  /// - Parameter take: Not called without lines. Returns false to keep the lines for the next call.
  func pass(to take: (_ lines: [String], _ leftOutCount: Int) -> Bool) {
    let waiting = state.withLock { $0 }
    guard !waiting.lines.isEmpty || waiting.leftOutBefore > 0,
      take(waiting.lines, waiting.leftOutBefore)
    else { return }
    // Other threads may have added lines in the meantime.
    state.withLock { state in
      state.lines.removeFirst(waiting.lines.count)
      state.byteCount -= waiting.byteCount
      state.leftOutBefore = waiting.leftOutCount
      state.leftOutCount -= waiting.leftOutCount
    }
  }

  /// A logger that logs to another one and also to the coordinator.
  func logger(besides logger: Logger) -> Logger {
    var both = logger
    let console = logger.handler
    both.handler = MultiplexLogHandler([console, ForwardingLog(forwarder: self)])
    return both
  }
}

/// A log handler that passes each message to a ``LogForwarder``.
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
    let text = "\(event.message)".replacing(scalar: "\n", with: " ")
    forwarder.add("\(Date().ISO8601Format()) \(event.level.rawValue) \(text)")
  }
}
