import Files
import Foundation
import Trials

/// Reads the verifiable entries of a result log that may be damaged anywhere.
///
/// Changes nothing. After an invalid entry the reader searches for the next marker with a valid
/// entry. A damaged byte therefore loses only the entry that contains it.
///
/// Unreadable parts of the disk count as zeros.
///
/// The time is linear in the file's length: each byte is searched at most twice and hashed at most
/// twice, because a length is trusted only in a frame with the log's salt, its own offset and both
/// lengths. (As long as the salt is unknown because header and all earlier entries are damaged, a
/// forged frame at a guessed offset costs hashing up to 64 MiB.) It needs 1 MiB and twice the
/// longest entry, which is at most 64 MiB. Lengths beyond the file's end are rejected.
struct ResultLogReader: ~Copyable {
  /// What is found at an offset.
  enum Finding: Hashable, Sendable {
    /// An entry with a valid digest, and its offset.
    case entry(ResultLogEntry, at: Int)
    /// Bytes without a valid entry.
    case damage(ResultLogDamage)
  }

  /// The identity of the sweep's record; nil when the header is damaged.
  let identity: String?
  /// Length of the part to read, in bytes.
  let byteCount: Int

  private let file: OpenFile<StoreError>
  private var position: Int
  /// The first bytes of this log's frames: the marker, and the salt once it is known.
  private var frameStart = ResultLogFrame.marker
  /// A part of the file.
  private var window: [UInt8] = []
  private var windowStart = 0

  private static let windowByteCount = 1 << 20
  private static let pageByteCount = 4096

  /// Opens a log.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - committedOffset: The committed length; nil for the whole file.
  /// - Throws: ``StoreError`` when it is missing, cannot be opened or is of a newer format.
  init(path: String, committedOffset: Int? = nil) throws(StoreError) {
    guard access(path, F_OK) == 0 || errno != ENOENT else { throw .missing(path: path) }
    let file = try OpenFile<StoreError>(path, flags: O_RDONLY)
    let byteCount = min(try file.byteCount(), max(0, committedOffset ?? .max))
    let header = ResultLogHeader(
      Self.readable(file, at: 0, count: min(byteCount, ResultLogHeader.byteCount)))
    if let header, header.version > ResultLogHeader.currentVersion {
      throw .newerFormat(
        path: path, found: Int(header.version), supported: Int(ResultLogHeader.currentVersion))
    }
    self.file = file
    self.byteCount = byteCount
    identity = header?.identity
    position = header == nil ? 0 : ResultLogHeader.byteCount
    if let header { learn(header.salt) }
  }

  /// The next entry or damage; nil after the last one.
  mutating func next() -> Finding? {
    guard position < byteCount else { return nil }
    let start = position
    if let (entry, end) = entry(at: start) {
      position = end
      return .entry(entry, at: start)
    }
    let trial = suspectedTrial(at: start)
    position = nextEntry(after: start) ?? byteCount
    return .damage(
      ResultLogDamage(
        range: start..<position, reachesEnd: position == byteCount, trial: trial))
  }

  private mutating func learn(_ salt: UInt64) {
    frameStart = ResultLogFrame.marker
    frameStart.append(littleEndian: salt)
  }

  /// The valid entry at an offset and its end; nil if there is none.
  private mutating func entry(at offset: Int) -> (entry: ResultLogEntry, end: Int)? {
    guard let frame = frame(at: offset),
      let payload = bytes(
        at: offset, count: ResultLogFrame.byteCount + frame.payloadByteCount
      )?.dropFirst(ResultLogFrame.byteCount),
      frame.isProved(by: payload), let entry = ResultLogEntry(frame.kind, payload: payload)
    else { return nil }
    learn(frame.salt)
    return (entry, offset + ResultLogFrame.byteCount + frame.payloadByteCount)
  }

  private mutating func frame(at offset: Int) -> ResultLogFrame? {
    guard let bytes = bytes(at: offset, count: ResultLogFrame.byteCount),
      bytes.starts(with: frameStart)
    else { return nil }
    return ResultLogFrame(bytes, at: offset)
  }

  /// The trial that a damaged entry names.
  private mutating func suspectedTrial(at offset: Int) -> TrialID? {
    guard let frame = frame(at: offset), frame.kind != .plan, frame.kind != .padding,
      let bytes = bytes(
        at: offset + ResultLogFrame.byteCount, count: min(8, frame.payloadByteCount))
    else { return nil }
    var cursor = LittleEndianCursor(bytes)
    return cursor.trial()
  }

  /// The offset of the next valid entry.
  private mutating func nextEntry(after offset: Int) -> Int? {
    var offset = offset + 1
    while let place = nextFrameStart(from: offset) {
      if entry(at: place) != nil { return place }
      offset = place + 1
    }
    return nil
  }

  private mutating func nextFrameStart(from offset: Int) -> Int? {
    var offset = offset
    while bytes(at: offset, count: frameStart.count) != nil {
      let rest = window[(offset - windowStart)...]
      if let place = rest.firstPlace(of: frameStart) { return windowStart + place }
      offset += rest.count - (frameStart.count - 1)
    }
    return nil
  }

  /// Bytes of the file; nil beyond its end.
  private mutating func bytes(at offset: Int, count: Int) -> ArraySlice<UInt8>? {
    guard count <= byteCount - offset else { return nil }
    if offset < windowStart || offset + count > windowStart + window.count {
      let available = min(max(count, Self.windowByteCount), byteCount - offset)
      window = []
      window = Self.readable(file, at: offset, count: available)
      windowStart = offset
    }
    let place = offset - windowStart
    return window[place..<place + count]
  }

  /// So many bytes of a file, with zeros for unreadable pages.
  private static func readable(
    _ file: borrowing OpenFile<StoreError>, at offset: Int, count: Int
  ) -> [UInt8] {
    if let bytes = try? file.read(at: offset, count: count), bytes.count == count { return bytes }
    var bytes: [UInt8] = []
    while bytes.count < count {
      let place = offset + bytes.count
      let step = min(pageByteCount - place % pageByteCount, count - bytes.count)
      let page = (try? file.read(at: place, count: step)) ?? []
      bytes += page
      bytes += [UInt8](repeating: 0, count: step - page.count)
    }
    return bytes
  }
}

extension ArraySlice<UInt8> {
  /// The first index of a byte sequence; the C functions are `memchr` and `memcmp`.
  fileprivate func firstPlace(of sought: [UInt8]) -> Int? {
    withUnsafeBytes { bytes in
      var place = 0
      while let start = bytes.baseAddress, place <= bytes.count - sought.count {
        let range = bytes.count - sought.count + 1 - place
        guard let found = memchr(start + place, Int32(sought[0]), range) else { return nil }
        place = UnsafeRawPointer(found) - start
        if memcmp(found, sought, sought.count) == 0 { return startIndex + place }
        place += 1
      }
      return nil
    }
  }
}
