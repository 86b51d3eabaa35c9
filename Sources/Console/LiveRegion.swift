import Foundation
import Synchronization
import Trials

/// Lines at the bottom of a terminal that are updated, while messages are printed above them.
///
/// There is at most one. ``ConsoleLog`` prints above it while it is open. The terminal's modes are
/// not changed, so a process that dies leaves only its last lines.
package final class LiveRegion: Sendable {
  /// The one that is open.
  private static let open = Mutex<LiveRegion?>(nil)

  private let descriptor: Int32
  private let shown = Mutex<[String]>([])

  /// A region on a terminal, or on a descriptor in tests.
  init(_ descriptor: Int32) { self.descriptor = descriptor }

  /// Opens the region on standard error; nil if that is not a terminal that can move its cursor.
  package static func begin() -> LiveRegion? {
    guard isatty(STDERR_FILENO) == 1 else { return nil }
    let kind = ProcessInfo.processInfo.environment["TERM"] ?? ""
    guard !kind.isEmpty, kind != "dumb" else { return nil }
    let region = LiveRegion(STDERR_FILENO)
    region.takeMessages()
    return region
  }

  /// Prints messages above this region from now on.
  func takeMessages() { Self.open.withLock { $0 = self } }

  /// Writes text, whole lines, above the region if one is open, else at the cursor.
  package static func write(_ text: String) {
    guard let region = open.withLock({ $0 }) else {
      try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
      return
    }
    region.shown.withLock { lines in
      region.put(region.erasure(of: lines) + text + Self.text(lines))
    }
  }

  /// Whether one is open.
  package static var isOpen: Bool { open.withLock { $0 != nil } }

  /// Writes the lines of another process's output above the region, until the output ends.
  package static func relay(_ words: FileHandle) {
    Thread.detachNewThread {
      var rest = Data()
      var piece = [UInt8](repeating: 0, count: 1 << 16)
      while true {
        let count = read(words.fileDescriptor, &piece, piece.count)
        if count < 0 && errno == EINTR { continue }
        guard count > 0 else { break }
        rest += piece.prefix(count)
        guard let end = rest.lastIndex(of: UInt8(ascii: "\n")) else { continue }
        TerminalText.tell(String(decoding: rest[...end], as: UTF8.self))
        rest = Data(rest[rest.index(after: end)...])
      }
      if !rest.isEmpty { TerminalText.tell(String(decoding: rest, as: UTF8.self) + "\n") }
    }
  }

  /// Replaces the lines.
  ///
  /// - Parameter draw: Makes at most `size.rows` lines, none of more than `size.columns` columns.
  package func show(_ draw: (TerminalSize) -> [String]) {
    let size = TerminalSize(of: descriptor)
    let lines = draw(size).prefix(size.rows).map { size.fitted(PlainText.line($0)) }
    shown.withLock { former in
      put(erasure(of: former) + Self.text(lines))
      former = lines
    }
  }

  /// Closes the region; its last lines stay, and the next output is below them.
  package func close() {
    Self.open.withLock { $0 = nil }
    shown.withLock { $0 = [] }
  }

  /// The control sequence that moves the cursor to the region's start and clears the screen from
  /// there.
  ///
  /// If the terminal has become narrower it has wrapped the lines, so rows are counted again.
  private func erasure(of lines: [String]) -> String {
    guard !lines.isEmpty else { return "" }
    let size = TerminalSize(of: descriptor)
    let rows = lines.reduce(0) { $0 + size.rows(of: $1) }
    return "\u{1b}[\(rows)F\u{1b}[J"
  }

  private static func text(_ lines: [String]) -> String {
    lines.map { $0 + "\n" }.joined()
  }

  private func put(_ text: String) {
    try? FileHandle(fileDescriptor: descriptor).write(contentsOf: Data(text.utf8))
  }
}
