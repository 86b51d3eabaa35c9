import Glibc

/// Which file a path leads to at one moment, to tell later whether it still does.
struct FilePlace: Hashable {
  /// The path.
  let path: String
  private let device: UInt
  private let node: UInt

  /// The file at a path, without opening it; nil when there is none.
  ///
  /// The C function is `stat`. SQLite's locks would go with the closing of an opened file.
  init?(of path: String) {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    self.path = path
    (device, node) = (UInt(status.st_dev), UInt(status.st_ino))
  }

  /// Whether the path still leads to that file: nobody has moved, deleted or replaced it.
  var isTheSame: Bool { FilePlace(of: path) == self }
}
