import Glibc

/// The first and last bytes of files, read to tell formats apart.
enum FileHead {
  /// Up to `count` bytes from the start of the file at `path`.
  static func read(_ path: String, count: Int) throws(DatasetError) -> [UInt8] {
    try open(path) { (descriptor, _) throws(DatasetError) in
      try read(descriptor, path, count: count, at: 0)
    }
  }

  /// Up to `count` bytes from the end of the file at `path`.
  static func readTail(_ path: String, count: Int) throws(DatasetError) -> [UInt8] {
    try open(path) { (descriptor, size) throws(DatasetError) in
      try read(descriptor, path, count: count, at: max(0, size - count))
    }
  }

  private static func open(
    _ path: String, _ body: (Int32, Int) throws(DatasetError) -> [UInt8]
  ) throws(DatasetError) -> [UInt8] {
    let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .system(path: path, operation: "open", code: errno) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      throw .system(path: path, operation: "fstat", code: errno)
    }
    return try body(descriptor, Int(status.st_size))
  }

  private static func read(_ descriptor: Int32, _ path: String, count: Int, at offset: Int)
    throws(DatasetError) -> [UInt8]
  {
    var bytes = [UInt8](repeating: 0, count: count)
    let read = pread(descriptor, &bytes, count, off_t(offset))
    guard read >= 0 else { throw .system(path: path, operation: "pread", code: errno) }
    return Array(bytes[..<read])
  }
}
