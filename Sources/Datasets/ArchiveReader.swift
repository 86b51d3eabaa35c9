import CArchive
import Files
import Glibc

/// Reads archives with libarchive; the only user of its reading functions.
///
/// Owns a `struct archive`. Errors contain libarchive's message (`archive_error_string`) and the
/// number of decoded bytes.
struct ArchiveReader: ~Copyable {
  /// The format of a file.
  enum Format {
    /// Bytes, uncompressed or compressed with gzip.
    case bytes
    /// A zip file, read by the directory at its end, so that a truncated file is noticed first.
    case zip
    /// A tar file, uncompressed or compressed with gzip.
    case tar
  }

  /// A member's entry in an archive.
  struct Member {
    /// Its path inside the archive.
    var name: String
    /// Its decompressed size, if the archive states it.
    var byteCount: Int?
    /// Whether it is encrypted.
    var isEncrypted: Bool
  }

  private let handle: OpaquePointer
  private let path: String
  private var isInMember = false

  /// Opens a file.
  ///
  /// C functions: `archive_read_new`, `archive_read_support_*`, `archive_read_open_filename`.
  static func open(path: String, format: Format) throws(DatasetError) -> ArchiveReader {
    guard let handle = archive_read_new() else {
      throw .system(FileError("archive_read_new", path, code: ENOMEM))
    }
    let reader = ArchiveReader(handle: handle, path: path)
    switch format {
    case .bytes:
      archive_read_support_filter_gzip(handle)
      archive_read_support_format_raw(handle)
      archive_read_support_format_empty(handle)
    case .zip:
      archive_read_support_format_zip_seekable(handle)
    case .tar:
      archive_read_support_filter_gzip(handle)
      archive_read_support_format_tar(handle)
    }
    guard archive_read_open_filename(handle, path, 1 << 16) == ARCHIVE_OK else {
      throw reader.failure(offset: 0)
    }
    return reader
  }

  deinit {
    archive_read_free(handle)
  }

  /// Advances to the next member; nil after the last.
  ///
  /// C functions: `archive_read_next_header`, `archive_entry_*`.
  mutating func nextMember() throws(DatasetError) -> Member? {
    var entry: OpaquePointer?
    switch archive_read_next_header(handle, &entry) {
    case ARCHIVE_EOF:
      isInMember = false
      return nil
    case ARCHIVE_OK, ARCHIVE_WARN:
      isInMember = true
      return Member(
        name: archive_entry_pathname(entry).map { String(cString: $0) } ?? "",
        byteCount: archive_entry_size_is_set(entry) == 0 ? nil : Int(archive_entry_size(entry)),
        isEncrypted: archive_entry_is_encrypted(entry) != 0)
    default: throw failure(offset: 0)
    }
  }

  /// Reads up to `buffer.count` bytes of the current member.
  ///
  /// Returns 0 only at its end, and if there is no member, as in an empty file.
  ///
  /// C function: `archive_read_data`, which reports the end of a zip member only if its length and
  /// checksum are correct.
  ///
  /// - Parameter offset: The number of bytes read before, for the error.
  mutating func read(into buffer: UnsafeMutableRawBufferPointer, offset: Int)
    throws(DatasetError) -> Int
  {
    guard isInMember else { return 0 }
    let count = archive_read_data(handle, buffer.baseAddress, buffer.count)
    guard count >= 0 else { throw failure(offset: offset) }
    return count
  }

  /// Reads bytes of the current member to an array, starting at position `filled` of both.
  ///
  /// Returns the number of bytes, as ``read(into:offset:)`` does.
  mutating func read(into bytes: inout [UInt8], from filled: Int) throws(DatasetError) -> Int {
    var failure: DatasetError?
    let count = bytes.withUnsafeMutableBytes { bytes in
      do throws(DatasetError) {
        return try read(
          into: UnsafeMutableRawBufferPointer(rebasing: bytes[filled...]), offset: filled)
      } catch {
        failure = error
        return 0
      }
    }
    if let failure { throw failure }
    return count
  }

  private func failure(offset: Int) -> DatasetError {
    let reason = archive_error_string(handle).map { String(cString: $0) } ?? "no reason given"
    return .undecodable(place: path, offset: offset, reason: reason)
  }
}
