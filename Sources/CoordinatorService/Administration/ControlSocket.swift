import Files
import Foundation
import Glibc

/// The Unix socket `control.sock` in a sweep's folder.
///
/// It is bound and reached through the folder's descriptor, so that long paths work. Only the
/// coordinator's user may connect (mode 0600).
enum ControlSocket {
  /// The socket's name in the folder.
  static let name = "control.sock"

  /// Listens.
  ///
  /// The caller must hold the sweep's lock. Replaces a socket that an earlier coordinator left.
  static func listen(in folder: URL) throws(FileError) -> Int32 {
    unlink(folder.appending(path: name).path)
    let listener = try open(folder) { descriptor, address, length throws(FileError) in
      // Set the permissions before binding, so that the file is created with them.
      guard fchmod(descriptor, 0o600) == 0, bind(descriptor, address, length) == 0,
        Glibc.listen(descriptor, 16) == 0
      else { throw FileError("listen", folder.appending(path: name).path) }
      return true
    }
    guard let listener else { throw FileError("listen", folder.path, code: ENOENT) }
    return listener
  }

  /// Removes the socket's name.
  static func remove(from folder: URL) { unlink(folder.appending(path: name).path) }

  /// Connects to the coordinator that listens; nil when none does.
  static func connect(in folder: URL) throws(FileError) -> Int32? {
    try open(folder) { descriptor, address, length throws(FileError) in
      if Glibc.connect(descriptor, address, length) == 0 { return true }
      // No coordinator listens.
      if [ENOENT, ECONNREFUSED].contains(errno) { return false }
      throw FileError("connect", folder.appending(path: name).path)
    }
  }

  /// Whether a coordinator listens.
  static func isServed(in folder: URL) throws(FileError) -> Bool {
    guard let descriptor = try connect(in: folder) else { return false }
    close(descriptor)
    return true
  }

  private static func open(
    _ folder: URL,
    _ use: (Int32, UnsafePointer<sockaddr>, socklen_t) throws(FileError) -> Bool
  ) throws(FileError) -> Int32? {
    let parent = Glibc.open(folder.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard parent >= 0 else {
      if errno == ENOENT { return nil }
      throw FileError("open", folder.path)
    }
    defer { close(parent) }
    let type = SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue
    let descriptor = socket(AF_UNIX, Int32(type), 0)
    guard descriptor >= 0 else { throw FileError("socket", folder.path) }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let path = "/proc/self/fd/\(parent)/\(name)"
    withUnsafeMutableBytes(of: &address.sun_path) { bytes in
      bytes.copyBytes(from: path.utf8.prefix(bytes.count - 1))
    }
    var outcome: Result<Bool, FileError> = .success(false)
    withUnsafePointer(to: address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
        do throws(FileError) {
          outcome = .success(
            try use(descriptor, pointer, socklen_t(MemoryLayout<sockaddr_un>.size)))
        } catch {
          outcome = .failure(error)
        }
      }
    }
    guard case .success(true) = outcome else {
      close(descriptor)
      if case .failure(let error) = outcome { throw error }
      return nil
    }
    return descriptor
  }
}
