import CHDF5

/// A data set inside an HDF5 file, open for reading; the only user of the HDF5 library.
///
/// Files are hostile until checked: external and virtual data sets, which read other files, and
/// external links are refused, and no filter plugins are loaded.
final class HDF5Dataset {
  /// The file and the data set, for messages.
  let place: String

  private let file: hid_t
  private let dataset: hid_t

  /// How the values are stored.
  struct Layout {
    /// Extents of a chunk; nil if the values are contiguous.
    var chunk: [Int]?
    /// Whether chunks are uncompressed or compressed only with zlib.
    var isPlainOrDeflated: Bool
  }

  /// Opens a data set of a file.
  ///
  /// C functions: `H5Fopen`, `H5Lexists`, `H5Lget_info`, `H5Dopen2`.
  init(path: String, name: String) throws(DatasetError) {
    hdf5_keep_to_itself()
    place = "\(path):\(name)"
    let access = hdf5_new_access_properties()
    defer { H5Pclose(access) }
    // Without locks: nobody writes the file, and some file systems do not support locks.
    H5Pset_file_locking(access, false, true)
    file = H5Fopen(path, hdf5_read_only(), access)
    guard file >= 0 else {
      throw .undecodable(place: path, offset: 0, reason: "HDF5: \(Self.reason)")
    }
    do throws(DatasetError) {
      dataset = try Self.open(name, of: file, path)
    } catch {
      H5Fclose(file)
      throw error
    }
  }

  deinit {
    H5Dclose(dataset)
    H5Fclose(file)
  }

  private static func open(
    _ name: String, of file: hid_t, _ path: String
  ) throws(DatasetError) -> hid_t {
    var link = H5L_info_t()
    guard H5Lexists(file, name, hdf5_default_properties()) > 0,
      H5Lget_info(file, name, &link, hdf5_default_properties()) >= 0,
      link.type == H5L_TYPE_HARD
    else {
      throw .malformed(
        place: path, offset: 0, field: "data sets", found: "none of that name in the file itself",
        expected: name)
    }
    let dataset = H5Dopen2(file, name, hdf5_default_properties())
    guard dataset >= 0 else {
      throw .undecodable(place: "\(path):\(name)", offset: 0, reason: "HDF5: \(reason)")
    }
    return dataset
  }

  /// Checks that the values are unsigned bytes; C functions `H5Dget_type`, `H5Tget_class`.
  func expectBytes() throws(DatasetError) {
    let type = H5Dget_type(dataset)
    defer { H5Tclose(type) }
    let size = H5Tget_size(type)
    guard H5Tget_class(type) == H5T_INTEGER, size == 1, H5Tget_sign(type) == H5T_SGN_NONE else {
      let kind =
        switch H5Tget_class(type) {
        case H5T_INTEGER: "integers"
        case H5T_FLOAT: "floating-point numbers"
        default: "values of another class"
        }
      throw .malformed(
        place: place, offset: 0, field: "type", found: "\(kind) of \(size) bytes",
        expected: "unsigned integers of 1 byte")
    }
  }

  /// The extents, the slowest first; C function `H5Sget_simple_extent_dims`.
  func extents() throws(DatasetError) -> [Int] {
    let space = H5Dget_space(dataset)
    defer { H5Sclose(space) }
    let rank = H5Sget_simple_extent_ndims(space)
    guard (0...32).contains(rank) else { throw failure() }
    var extents = [hsize_t](repeating: 0, count: Int(rank))
    guard H5Sget_simple_extent_dims(space, &extents, nil) >= 0 else { throw failure() }
    return extents.map { Int(clamping: $0) }
  }

  /// How the values are stored; C functions `H5Dget_create_plist`, `H5Pget_layout`, `H5Pget_chunk`,
  /// `H5Pget_filter2`.
  func layout(rank: Int, chunkByteLimit: Int) throws(DatasetError) -> Layout {
    let properties = H5Dget_create_plist(dataset)
    defer { H5Pclose(properties) }
    let isElsewhere = H5Pget_external_count(properties) != 0
    let kind = H5Pget_layout(properties)
    guard !isElsewhere, kind != H5D_VIRTUAL else {
      throw .refused(
        place: place, found: "values that lie in other files", expected: "values in this file",
        remedy: "copy the data set into one file, for example with h5repack")
    }
    var isPlainOrDeflated = true
    for index in 0..<max(0, H5Pget_nfilters(properties)) {
      let (number, name) = filter(UInt32(index), of: properties)
      guard H5Zfilter_avail(number) > 0 else {
        throw .refused(
          place: place, found: "compression by the filter \(number) \(name)",
          expected: "gzip, or another that the HDF5 library has built in",
          remedy: "use the published file, or repack it: h5repack -f GZIP=4 OLD NEW")
      }
      if number != H5Z_FILTER_DEFLATE || index > 0 { isPlainOrDeflated = false }
    }
    guard kind == H5D_CHUNKED else {
      return Layout(chunk: nil, isPlainOrDeflated: isPlainOrDeflated)
    }
    var extents = [hsize_t](repeating: 0, count: rank)
    guard H5Pget_chunk(properties, Int32(rank), &extents) == Int32(rank) else { throw failure() }
    let chunk = extents.map { Int(clamping: $0) }
    var byteCount = 1
    for extent in chunk {
      byteCount = byteCount.multipliedReportingOverflow(by: max(1, extent)).partialValue
      guard extent > 0, byteCount > 0, byteCount <= chunkByteLimit else {
        throw .refused(
          place: place, found: "chunks of \(chunk) bytes",
          expected: "chunks of at most \(chunkByteLimit) bytes",
          remedy: "use the published file, or repack it with smaller chunks: h5repack -l")
      }
    }
    return Layout(chunk: chunk, isPlainOrDeflated: isPlainOrDeflated)
  }

  private func filter(_ index: UInt32, of properties: hid_t) -> (number: Int32, name: String) {
    var flags: UInt32 = 0
    var valueCount = 0
    var name = [CChar](repeating: 0, count: 64)
    var configuration: UInt32 = 0
    let number = H5Pget_filter2(
      properties, index, &flags, &valueCount, nil, name.count, &name, &configuration)
    name[name.count - 1] = 0
    let text = name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
    return (number, text.isEmpty ? "" : "(\(String(decoding: text, as: UTF8.self)))")
  }

  /// A chunk as stored; C functions `H5Dget_chunk_storage_size`, `H5Dread_chunk`.
  ///
  /// - Parameters:
  ///   - offset: The position of its first value.
  ///   - byteCount: The size of its values.
  /// - Returns: The bytes, and whether they are compressed.
  func chunk(
    at offset: [Int], byteCount: Int
  ) throws(DatasetError) -> (bytes: [UInt8], isDeflated: Bool) {
    let offset = offset.map { hsize_t($0) }
    var size: hsize_t = 0
    guard H5Dget_chunk_storage_size(dataset, offset, &size) >= 0, size > 0 else {
      throw .malformed(
        place: place, offset: 0, field: "chunk at \(offset)", found: "nothing was written there",
        expected: "the values of the images")
    }
    // zlib never makes a chunk longer than this, so a crafted size cannot request much memory.
    guard size <= byteCount + byteCount / 1000 + 1024 else {
      throw .malformed(
        place: place, offset: 0, field: "size of the chunk at \(offset)", found: "\(size) bytes",
        expected: "at most little more than the \(byteCount) that it holds")
    }
    var bytes = [UInt8](repeating: 0, count: Int(size))
    var skipped: UInt32 = 0
    guard H5Dread_chunk(dataset, hdf5_default_properties(), offset, &skipped, &bytes) >= 0 else {
      throw failure()
    }
    let hasFilter = try filterCount() > 0
    return (bytes, hasFilter && skipped & 1 == 0)
  }

  private func filterCount() throws(DatasetError) -> Int {
    let properties = H5Dget_create_plist(dataset)
    defer { H5Pclose(properties) }
    return Int(H5Pget_nfilters(properties))
  }

  /// Reads images through the library, whatever their layout; C function `H5Dread`.
  func read(
    first: Int, count: Int, into buffer: UnsafeMutableBufferPointer<UInt8>
  ) throws(DatasetError) {
    let space = H5Dget_space(dataset)
    defer { H5Sclose(space) }
    var extents = try extents().map { hsize_t($0) }
    extents[0] = hsize_t(count)
    var start = [hsize_t](repeating: 0, count: extents.count)
    start[0] = hsize_t(first)
    let memory = H5Screate_simple(Int32(extents.count), extents, nil)
    defer { H5Sclose(memory) }
    precondition(extents.reduce(1, *) == hsize_t(buffer.count), "a buffer of the images' size")
    guard H5Sselect_hyperslab(space, H5S_SELECT_SET, start, nil, extents, nil) >= 0,
      H5Dread(
        dataset, hdf5_byte_type(), memory, space, hdf5_default_properties(), buffer.baseAddress)
        >= 0
    else { throw failure() }
  }

  private func failure() -> DatasetError {
    .undecodable(place: place, offset: 0, reason: "HDF5: \(Self.reason)")
  }

  /// The message of the library's innermost function.
  private static var reason: String {
    var text = [CChar](repeating: 0, count: 256)
    hdf5_copy_reason(&text)
    let bytes = text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
    return bytes.isEmpty ? "no reason given" : String(decoding: bytes, as: UTF8.self)
  }
}
