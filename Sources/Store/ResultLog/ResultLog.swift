import Digests
import Files
import Foundation

/// The log of results, `results.log`, open for its one writer.
///
/// It stands beside a sweep's database and tells plan and results once more, so that they can be
/// read whatever became of the database. It only grows. The database knows how much of it counts,
/// the committed offset; a group of entries is written and synced first and counts once the
/// database says so:
///
///     let offset = try log.append(entries)   // written at the committed offset, and synced
///     // … the database commits its records and the offset, in one transaction …
///     log.commit(offset)
///
/// When the database does not commit, the entries do not count: the next group replaces them.
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
/// | 16 | where in the file the entry stands, `UInt64` |
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
/// The marker is what a reader looks for after damage. The salt is known to nobody but the log, so
/// that what a worker hands in cannot pass for an entry, nor can an old block of another log. The
/// place keeps a copied page from telling its entries again. The inverted length keeps a damaged
/// one from being believed for the time that 64 MiB take to check.
struct ResultLog: ~Copyable, Sendable {
  /// What the file is called in a sweep's directory.
  static let fileName = "results.log"

  /// How many bytes of the file count.
  private(set) var committedOffset: Int

  private let file: OpenFile<StoreError>
  private let salt: UInt64
  /// Where the latest group ends, committed or not.
  private var appendedOffset: Int
  /// Whether bytes that do not count may stand behind those that do.
  private var hasTail = false
  /// Whether a sync has failed.
  private var isUnsure = false

  /// Makes a log without entries, in place of any file that is there, and opens it.
  ///
  /// It is durable when this returns. Before the database goes, what it replaces may be all that is
  /// left of a sweep: the caller has made sure that it is not.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - identity: The identity of the sweep's record, 16 hexadecimal digits.
  /// - Throws: ``StoreError`` when the file cannot be written; what was there is there still.
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

  /// Opens a log; what stands behind the committed offset is cut off, durably.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - identity: The identity of the sweep's record.
  ///   - committedOffset: How many bytes count, as the database knows.
  /// - Throws: ``StoreError/corrupted(path:found:)`` when it is missing, shorter than that, or of
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

  /// Writes a group of entries at the committed offset, with one `pwrite`, and waits until they are
  /// on the disk.
  ///
  /// A group that was appended but not committed is replaced.
  ///
  /// - Returns: Where the group ends: what ``commit(_:)`` takes once the database has it.
  /// - Throws: ``StoreError``; the log is then as it was before, and the same log goes on when a
  ///   full disk has space again. After a failed sync it takes nothing more: nobody knows which of
  ///   the pages that the system held are on the disk. A new ``ResultLog`` begins again with what
  ///   is committed, which an earlier sync has made sure.
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

  /// Lets the group that was appended last count: the database has committed its offset.
  ///
  /// - Parameter offset: What ``append(_:)`` returned.
  mutating func commit(_ offset: Int) {
    precondition(offset == appendedOffset, "a log commits the group that was appended last")
    committedOffset = offset
    hasTail = false
  }

  /// Cuts off what does not count, so that none of it shows behind a shorter group.
  private mutating func cutTail() throws(StoreError) {
    guard hasTail else { return }
    try file.truncate(to: committedOffset)
    appendedOffset = committedOffset
    hasTail = false
  }
}
