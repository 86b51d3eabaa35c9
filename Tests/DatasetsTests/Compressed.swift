import CArchive
import Foundation
import TestSupport
import Testing

/// Real gzip and zip bytes, written by libarchive.
enum Compressed {
  /// `AE_IFREG`, a macro that Swift does not import.
  private static let regularFile: UInt32 = 0o100000

  /// A gzip file of these bytes.
  static func gzip(_ bytes: [UInt8]) throws -> [UInt8] {
    try write { archive in
      archive_write_add_filter_gzip(archive)
      return archive_write_set_format_raw(archive)
    } members: {
      [("data", bytes)]
    }
  }

  /// A zip file of members, deflated or stored.
  static func zip(_ members: [(String, [UInt8])], deflated: Bool = true) throws -> [UInt8] {
    try write { archive in
      archive_write_set_format_zip(archive)
      return archive_write_set_options(
        archive, "zip:compression=\(deflated ? "deflate" : "store")")
    } members: {
      members
    }
  }

  private static func write(
    format: (OpaquePointer) -> Int32, members: () -> [(String, [UInt8])]
  ) throws -> [UInt8] {
    let folder = try TemporaryFolder()
    let path = folder.file("compressed").path
    let archive = try #require(archive_write_new())
    defer { archive_write_free(archive) }
    try #require(format(archive) == ARCHIVE_OK)
    try #require(archive_write_open_filename(archive, path) == ARCHIVE_OK)
    for (name, bytes) in members() {
      let entry = archive_entry_new()
      defer { archive_entry_free(entry) }
      archive_entry_set_pathname(entry, name)
      archive_entry_set_filetype(entry, Self.regularFile)
      archive_entry_set_perm(entry, 0o644)
      archive_entry_set_size(entry, Int64(bytes.count))
      try #require(archive_write_header(archive, entry) == ARCHIVE_OK)
      try #require(archive_write_data(archive, bytes, bytes.count) == bytes.count)
    }
    try #require(archive_write_close(archive) == ARCHIVE_OK)
    return Array(try Data(contentsOf: folder.file("compressed")))
  }
}
