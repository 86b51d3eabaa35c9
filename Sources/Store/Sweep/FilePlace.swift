import Glibc

/// The file at a path at one moment, to detect later whether it has changed.
struct FilePlace: Hashable {
  /// The path.
  let path: String
  private let device: UInt
  private let node: UInt

  /// The file at a path; nil if there is none.
  ///
  /// Does not open the file.
  ///
  /// Uses `stat`, since closing an opened file would release SQLite's locks on it.
  init?(of path: String) {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    self.path = path
    (device, node) = (UInt(status.st_dev), UInt(status.st_ino))
  }

  /// Whether the path still names that file, which was not moved, deleted or replaced.
  var isTheSame: Bool { FilePlace(of: path) == self }
}
