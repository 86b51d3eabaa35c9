import Files
import Foundation
import Glibc
import Logging
import Store
import Synchronization
import Trials

/// `run --events FILE`: one JSON line per recorded event, for programs.
///
/// A separate thread reads the record and writes the lines. So a slow disk delays no commit, and
/// every line is durable in the record. The first line identifies the record. After a restart the
/// file continues where it ends, without gaps or repetitions. Events about trials that are no longer
/// planned are left out.
final class EventFile: Sendable {
  /// Interval between reads of the record, in seconds.
  private static let interval = 0.5
  /// Most bytes read of the first and the last line.
  private static let lineByteCountMaximum = 4 << 20

  private let file: OpenFile<FileError>
  private let path: String
  private let logger: Logger
  private let isClosing = Atomic(false)
  private let done = DispatchSemaphore(value: 0)

  /// Opens the file and starts the thread.
  ///
  /// - Throws: `FileError` if it cannot be written, ``EventFileError`` if it belongs to another
  ///   record.
  init(_ path: String, of reader: SweepReader, logger: Logger) throws {
    self.path = path
    self.logger = logger
    var status = stat()
    if stat(path, &status) == 0, status.st_mode & S_IFMT != S_IFREG {
      throw EventFileError(path: path, found: "no regular file")
    }
    let file = try OpenFile<FileError>(path, flags: O_RDWR | O_CREAT)
    let head = RecordEvent.head(record: try reader.identity(), sweep: try reader.plan().name)
    let (end, sequence) = try Self.place(in: file, head: head)
    self.file = file
    let tail = RecordTail(reader)
    Thread.detachNewThread { [self] in
      follow(tail, from: end, after: sequence)
      done.signal()
    }
  }

  /// Writes the remaining lines and ends the thread.
  func close() {
    isClosing.store(true, ordering: .relaxed)
    done.wait()
  }

  /// The offset of the next line, and the number of the last record written.
  private static func place(
    in file: borrowing OpenFile<FileError>, head: RecordEvent.Head
  ) throws -> (end: Int, sequence: Int) {
    let size = try file.byteCount()
    guard size > 0 else {
      let line = Data((head.line + "\n").utf8)
      try file.write(line, at: 0)
      return (line.count, 0)
    }
    let first = try file.read(at: 0, count: min(size, lineByteCountMaximum))
    guard let firstEnd = first.firstIndex(of: UInt8(ascii: "\n")),
      RecordEvent.Head(line: first[..<firstEnd])?.record == head.record
    else { throw EventFileError(path: file.path, found: "no events of this sweep's record") }
    let start = max(0, size - lineByteCountMaximum)
    let last = try file.read(at: start, count: size - start)
    // A line that a crash has truncated is written again.
    guard let end = last.lastIndex(of: UInt8(ascii: "\n")) else {
      throw EventFileError(path: file.path, found: "a line that does not end")
    }
    let begin = last[..<end].lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
    guard let sequence = RecordEvent.sequence(ofLine: last[begin..<end]) else {
      throw EventFileError(path: file.path, found: "a last line that is no event")
    }
    return (start + end + 1, sequence)
  }

  private func follow(_ start: RecordTail, from end: Int, after sequence: Int) {
    var (tail, end, sequence) = (start, end, sequence)
    var hasWarned = false
    while true {
      // Read the flag before the record, so that the last read sees all.
      let isLast = isClosing.load(ordering: .relaxed)
      var hasMore = true
      while hasMore {
        let before = tail
        do {
          let news = try tail.look()
          hasMore = news.hasMore
          let lines = news.records.map(RecordEvent.init).filter { $0.sequence > sequence }
          guard let last = lines.last else { continue }
          let data = Data(lines.map { $0.line + "\n" }.joined().utf8)
          try file.write(data, at: end)
          (end, sequence) = (end + data.count, last.sequence)
          hasWarned = false
        } catch {
          hasMore = false
          // The lines were not written, so read them again next time.
          tail = before
          if !hasWarned { logger.warning("\(path): events are not written for now: \(error)") }
          hasWarned = true
        }
      }
      if isLast { break }
      Thread.sleep(forTimeInterval: Self.interval)
    }
    // Remove the truncated line.
    try? file.truncate(to: end)
  }
}

/// An event file that cannot be appended to.
struct EventFileError: Error, Hashable, CustomStringConvertible {
  var path: String
  var found: String

  var description: String {
    "\(path): found \(found), expected a new file for --events, or one that an earlier run of this "
      + "sweep began; choose another name"
  }
}
