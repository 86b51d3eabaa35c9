import Files
import Foundation
import Glibc

/// The pages of a database file and of the write-ahead log beside it, read without SQLite, which
/// gives up a whole table where one page leads nowhere.
///
/// Nothing is changed, locked or made. No connection of this process may have the file open: its
/// POSIX locks end when this reader closes it.
final class PageFile {
  /// A page as it was at some time.
  struct Page {
    /// Its number, from 1.
    var number: Int
    var bytes: [UInt8]
  }

  /// The bytes of a page that SQLite uses.
  let usableByteCount: Int
  private let pageByteCount: Int
  private let main: Int32
  private let mainPageCount: Int
  private let log: [Page]
  /// Where in ``log`` the latest version of a page is.
  private var latest: [Int: Int] = [:]

  /// SQLite's own choice, which no store of ours has departed from.
  private static let standardPageByteCount = 4096

  /// Opens a file and reads its log.
  ///
  /// - Throws: ``StoreError`` when there is no such file, or it may not be read.
  init(path: String) throws(StoreError) {
    main = open(path, O_RDONLY | O_CLOEXEC)
    guard main >= 0 else {
      if errno == ENOENT { throw .missing(path: path) }
      throw StoreError(FileError("open", path))
    }
    let header = Self.read(main, at: 0, count: 100) ?? []
    (pageByteCount, usableByteCount) = Self.pageSize(in: header)
    var status = stat()
    fstat(main, &status)
    mainPageCount = (Int(status.st_size) + pageByteCount - 1) / pageByteCount
    log = LogFrames(path: path + "-wal", pageByteCount: pageByteCount).committed
    for (index, page) in log.enumerated() { latest[page.number] = index }
  }

  deinit { close(main) }

  /// Hands out every version of every page that can be read, the older ones first.
  func forEachPage(_ body: (Page) throws -> Void) rethrows {
    for number in 1...max(1, mainPageCount) {
      if let bytes = mainPage(number) { try body(Page(number: number, bytes: bytes)) }
    }
    for page in log { try body(page) }
  }

  /// The latest version of a page; nil when it cannot be read.
  subscript(number: Int) -> [UInt8]? { latest[number].map { log[$0].bytes } ?? mainPage(number) }

  private func mainPage(_ number: Int) -> [UInt8]? {
    guard (1...max(1, mainPageCount)).contains(number) else { return nil }
    return Self.read(main, at: (number - 1) * pageByteCount, count: pageByteCount)
  }

  private static func pageSize(in header: [UInt8]) -> (page: Int, usable: Int) {
    guard header.starts(with: Array("SQLite format 3\0".utf8)), header.count == 100 else {
      return (standardPageByteCount, standardPageByteCount)
    }
    let stored = header.bigEndian(at: 16, count: 2)
    let size = stored == 1 ? 1 << 16 : stored
    guard size >= 512, size & (size - 1) == 0, size - Int(header[20]) >= 480 else {
      return (standardPageByteCount, standardPageByteCount)
    }
    return (size, size - Int(header[20]))
  }

  /// Reads bytes, zeros behind the file's end; nil where the disk fails or nothing is.
  fileprivate static func read(_ descriptor: Int32, at offset: Int, count: Int) -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: count)
    let found = pread(descriptor, &bytes, count, off_t(offset))
    return found > 0 ? bytes : nil
  }
}

/// The frames of a write-ahead log.
///
/// SQLite reads a log up to the first frame that contradicts its checksum. That checksum is chained
/// to the one before as it is stored, so that the frames behind a damaged one prove themselves
/// still.
private struct LogFrames {
  /// The pages of the frames that prove themselves, of committed transactions, in order.
  private(set) var committed: [PageFile.Page] = []

  private static let headerByteCount = 32
  private static let frameHeaderByteCount = 24

  init(path: String, pageByteCount: Int) {
    let log = open(path, O_RDONLY | O_CLOEXEC)
    guard log >= 0 else { return }
    defer { close(log) }
    guard let header = PageFile.read(log, at: 0, count: Self.headerByteCount) else { return }
    let isBigEndian = header[3] & 1 == 1
    var salts = Array(header[16..<24])
    let isHeaderSound =
      Self.checksum(of: header[0..<24], after: (0, 0), isBigEndian) == Self.stored(header, at: 24)
    var previous = Self.stored(header, at: 24)
    var open: [PageFile.Page] = []
    let stride = Self.frameHeaderByteCount + pageByteCount
    var offset = Self.headerByteCount
    while let frame = PageFile.read(log, at: offset, count: stride) {
      if offset == Self.headerByteCount, !isHeaderSound { salts = Array(frame[8..<16]) }
      offset += stride
      let before = previous
      previous = Self.stored(frame, at: 16)
      // Frames of an earlier use of the file have other salts.
      guard frame[8..<16].elementsEqual(salts) else { continue }
      let page = frame[Self.frameHeaderByteCount...]
      let inner = Self.checksum(of: frame[0..<8], after: before, isBigEndian)
      guard Self.checksum(of: page, after: inner, isBigEndian) == previous else { continue }
      open.append(
        PageFile.Page(number: frame.bigEndian(at: 0, count: 4), bytes: Array(page)))
      if frame.bigEndian(at: 4, count: 4) > 0 {
        committed += open
        open = []
      }
    }
  }

  private static func stored(_ bytes: [UInt8], at place: Int) -> (UInt32, UInt32) {
    (
      UInt32(bytes.bigEndian(at: place, count: 4)),
      UInt32(bytes.bigEndian(at: place + 4, count: 4))
    )
  }

  private static func checksum(
    of bytes: ArraySlice<UInt8>, after previous: (UInt32, UInt32), _ isBigEndian: Bool
  ) -> (UInt32, UInt32) {
    var (first, second) = previous
    bytes.withUnsafeBytes { bytes in
      func word(_ place: Int) -> UInt32 {
        let word = bytes.loadUnaligned(fromByteOffset: place, as: UInt32.self)
        return isBigEndian ? UInt32(bigEndian: word) : UInt32(littleEndian: word)
      }
      for place in Swift.stride(from: 0, to: bytes.count - 7, by: 8) {
        first = first &+ word(place) &+ second
        second = second &+ word(place + 4) &+ first
      }
    }
    return (first, second)
  }
}

extension [UInt8] {
  /// The unsigned number in some bytes, which must be there, the most significant first.
  func bigEndian(at place: Int, count: Int) -> Int {
    self[place..<place + count].reduce(0) { $0 << 8 | Int($1) }
  }
}
