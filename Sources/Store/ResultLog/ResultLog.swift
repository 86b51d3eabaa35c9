import Digests
import Files
import Foundation

/// The result log, `results.log`, open for its only writer.
///
/// It repeats plan and results of a sweep's database, so that they can be read if the database is
/// damaged. It only grows. The database stores the committed length, the committed offset. A group
/// of entries is written and synced first, and counts once the database commits its offset:
///
///     let offset = try log.append(entries)   // written at the committed offset, and synced
///     // … the database commits its records and the offset, in one transaction …
///     log.commit(offset)
///
/// If the database does not commit, the next group overwrites the entries.
///
/// **The format.** Numbers are little-endian; a *name* is the count of its UTF-8 bytes (`UInt16`)
/// and the bytes. The file is a header and entries, one after the other, without gaps.
///
/// | Byte of the header | Content |
/// | ---: | --- |
/// | 0 | "BNSWRLOG" |
/// | 8 | version of the format, `UInt32`: 1 |
/// | 12 | identity of the sweep's record, 16 hexadecimal digits |
/// | 28 | salt, `UInt64`: drawn when the log is made |
/// | 36 | SHA-256 of the bytes 0 to 35 |
///
/// | Byte of an entry | Content |
/// | ---: | --- |
/// | 0 | marker, "BNSWRENT" |
/// | 8 | the log's salt, `UInt64` |
/// | 16 | offset of the entry in the file, `UInt64` |
/// | 24 | kind, `UInt8`: 1 plan, 2 result, 3 discard, 4 reuse, 5 padding |
/// | 25 | length of the payload in bytes, `UInt32`: at most 64 MiB |
/// | 29 | the length again, every bit inverted |
/// | 33 | SHA-256 of the bytes 0 to 32 and the payload |
/// | 65 | payload |
///
/// | Kind | Payload |
/// | --- | --- |
/// | plan | bytes of the caller's |
/// | result | trial `UInt64`, attempt `UInt32`, time `Int64`, worker (name), bytes of the caller's |
/// | discard | trial `UInt64`, time `Int64`, reason in UTF-8 |
/// | reuse | trial `UInt64`, time `Int64`, origin (name), bytes of the caller's |
/// | padding | zeros |
///
/// After damage a reader searches for the marker. The salt is secret, so that neither a worker's
/// data nor an old block of another log can look like an entry. The offset invalidates copies of a
/// page. The inverted length detects a damaged length without hashing up to 64 MiB.
struct ResultLog: ~Copyable, Sendable {
  /// The file's name in a sweep's directory.
  static let fileName = "results.log"

  /// The committed length in bytes.
  private(set) var committedOffset: Int

  private let file: OpenFile<StoreError>
  private let salt: UInt64
  /// The end of the latest group, committed or not.
  private var appendedOffset: Int
  /// Whether uncommitted bytes may follow the committed ones.
  private var hasTail = false
  /// Whether a sync has failed.
  private var isUnsure = false

  /// Creates and opens an empty log; replaces an existing file.
  ///
  /// It is durable when this returns. If the database is gone, the replaced file may be the only
  /// record of a sweep; the caller must exclude that.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - identity: The identity of the sweep's record, 16 hexadecimal digits.
  /// - Throws: ``StoreError`` if the file cannot be written. An existing file is then unchanged.
  static func create(path: String, identity: String) throws(StoreError) -> ResultLog {
    let header = try ResultLogHeader(
      identity: identity, salt: UInt64.random(in: UInt64.min...UInt64.max))
    do throws(FileError) {
      try DurableFile.write(
        Data(header.bytes), to: URL(filePath: path), permissions: 0o600)
    } catch {
      throw StoreError(error)
    }
    return try ResultLog(
      path: path, identity: identity, committedOffset: ResultLogHeader.byteCount)
  }

  /// Opens a log and durably truncates it at the committed offset.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - identity: The identity of the sweep's record.
  ///   - committedOffset: The committed length, from the database.
  /// - Throws: ``StoreError/corrupted(path:found:)`` if it is missing, shorter than that, or of
  ///   another record; ``StoreError/newerFormat(path:found:supported:)``; or the failure of the
  ///   file system. Nothing is changed then.
  init(path: String, identity: String, committedOffset: Int) throws(StoreError) {
    guard access(path, F_OK) == 0 || errno != ENOENT else {
      throw Self.damage(
        path, "found no file, expected \(committedOffset) bytes that the database counts on")
    }
    let file = try OpenFile<StoreError>(path, flags: O_RDWR | O_NOFOLLOW)
    file.makePrivate()
    let header = try Self.verifiedHeader(of: file, identity: identity)
    let byteCount = try file.byteCount()
    guard committedOffset >= ResultLogHeader.byteCount else {
      throw .corrupted(
        path: path,
        found: "the database counts on \(committedOffset) bytes, expected at least the "
          + "\(ResultLogHeader.byteCount) of the header; " + Self.advice)
    }
    guard byteCount >= committedOffset else {
      throw Self.damage(
        path,
        "found \(byteCount) bytes, expected at least the \(committedOffset) that the database "
          + "counts on; the end is lost")
    }
    if byteCount > committedOffset {
      try file.truncate(to: committedOffset)
      try file.synchronize()
    }
    self.file = file
    salt = header.salt
    self.committedOffset = committedOffset
    appendedOffset = committedOffset
  }

  private static let advice =
    "`coordinator check DIR` says whether the database is sound: if so, move the log away and the "
    + "next `coordinator run` writes it anew from the database; if not, `coordinator check DIR "
    + "--salvage NEW` makes a new folder of all that can be proved"

  private static func damage(_ path: String, _ found: String) -> StoreError {
    .corrupted(path: path, found: found + "; " + advice)
  }

  private static func verifiedHeader(
    of file: borrowing OpenFile<StoreError>, identity: String
  ) throws(StoreError) -> ResultLogHeader {
    let bytes = try file.read(at: 0, count: ResultLogHeader.byteCount)
    guard let header = ResultLogHeader(bytes) else {
      throw damage(
        file.path, "byte 0: found no whole header, expected that of the record \(identity)")
    }
    guard header.version <= ResultLogHeader.currentVersion else {
      throw .newerFormat(
        path: file.path, found: Int(header.version),
        supported: Int(ResultLogHeader.currentVersion))
    }
    guard header.identity == identity else {
      throw .corrupted(
        path: file.path,
        found: "byte 12: found a log of the record \(header.identity), expected one of "
          + "\(identity); put back the file that stood beside this database, or " + advice)
    }
    return header
  }

  /// Writes a group of entries at the committed offset with one `pwrite`, and syncs.
  ///
  /// A group that was appended but not committed is replaced.
  ///
  /// - Returns: The end of the group, to pass to ``commit(_:)`` after the database has committed
  ///   it.
  /// - Throws: ``StoreError``. The log is then unchanged and usable again when a full disk has
  ///   space. After a failed sync it accepts nothing, since it is unknown which pages are on disk.
  ///   A new ``ResultLog`` then starts from the committed offset, which was synced earlier.
  mutating func append(_ entries: [ResultLogEntry]) throws(StoreError) -> Int {
    guard !isUnsure else {
      throw .inputOutput(
        path: file.path,
        reason: "an earlier fdatasync failed, so that nothing written after byte "
          + "\(committedOffset) is sure; start the coordinator again")
    }
    var group: [UInt8] = []
    for entry in entries {
      try ResultLogFrame.append(
        entry, salt: salt, at: committedOffset + group.count, to: &group)
    }
    try cutTail()
    guard !group.isEmpty else { return committedOffset }
    hasTail = true
    do throws(StoreError) {
      try file.write(group, at: committedOffset)
    } catch {
      try? cutTail()
      throw error
    }
    do throws(StoreError) {
      try file.synchronizeData()
    } catch {
      isUnsure = true
      try? cutTail()
      throw error
    }
    appendedOffset = committedOffset + group.count
    return appendedOffset
  }

  /// Marks the last appended group as committed, after the database has committed its offset.
  ///
  /// - Parameter offset: What ``append(_:)`` returned.
  mutating func commit(_ offset: Int) {
    precondition(offset == appendedOffset, "a log commits the group that was appended last")
    committedOffset = offset
    hasTail = false
  }

  /// Truncates uncommitted bytes, so that none remain behind a shorter group.
  private mutating func cutTail() throws(StoreError) {
    guard hasTail else { return }
    try file.truncate(to: committedOffset)
    appendedOffset = committedOffset
    hasTail = false
  }
}
