import Files
import Foundation
import Glibc
import Logging
import Store
import Synchronization
import Trials

/// `run --events FILE`: every fact that the record tells, a JSON line each, for programs.
///
/// The lines follow the record from beside it, on a thread of their own, so that a slow disk delays no
/// commit and a line says only what is durable. The first line names the record; after a restart the
/// file goes on where it ends, so that no fact about the planned trials is missing and none is there
/// twice. What is recorded about trials of an earlier plan is left out, as in every reading.
final class EventFile: Sendable {
  /// How often the record is looked at, in seconds.
  private static let interval = 0.5
  /// Of the first and of the last line, at most so many bytes are looked at.
  private static let lineByteCountMaximum = 4 << 20

  private let file: OpenFile<FileError>
  private let path: String
  private let logger: Logger
  private let isClosing = Atomic(false)
  private let done = DispatchSemaphore(value: 0)

  /// Opens the file and starts the thread.
  ///
  /// - Throws: `FileError` when it cannot be written, ``EventFileError`` when it is not of this record.
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

  /// Writes what is still to be written, and ends the thread.
  func close() {
    isClosing.store(true, ordering: .relaxed)
    done.wait()
  }

  /// Where the next line begins, and the number of the last record that has one.
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
    // A line that a crash has cut short is written again.
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
      // Asked before the look, so that the last look sees all.
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
          // What was read is not written: the next look reads it again.
          tail = before
          if !hasWarned { logger.warning("\(path): events are not written for now: \(error)") }
          hasWarned = true
        }
      }
      if isLast { break }
      Thread.sleep(forTimeInterval: Self.interval)
    }
    // What a line that was cut short has left.
    try? file.truncate(to: end)
  }
}

/// A file that events cannot be added to.
struct EventFileError: Error, Hashable, CustomStringConvertible {
  var path: String
  var found: String

  var description: String {
    "\(path): found \(found), expected a new file for --events, or one that an earlier run of this "
      + "sweep began; choose another name"
  }
}
