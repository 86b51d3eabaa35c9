import Files
import Foundation
import Narrowing
import Trials

/// The trajectory in a trial's folder, complete or still growing.
struct TrajectoryFile {
  private let candidates: [URL]

  /// The trajectory in a trial's folder.
  init(in folder: URL) {
    let name = ArtifactKind.trajectory.rawValue
    candidates = [name + TrajectoryWriter.partialSuffix, name].map { folder.appending(path: $0) }
  }

  /// Reads bytes that have been written.
  ///
  /// - Throws: the file system's error; `FileError` if the file is shorter.
  func read(from offset: Int, byteCount: Int) throws -> [UInt8] {
    // The file is renamed at the trial's end, possibly between two attempts to open it.
    guard
      let file = candidates.lazy.compactMap({ try? RegularFile.reading($0) }).first
        ?? candidates.lazy.compactMap({ try? RegularFile.reading($0) }).first
    else { throw FileError("read", candidates[1].path, code: ENOENT) }
    defer { try? file.close() }
    try file.seek(toOffset: UInt64(max(offset, 0)))
    let bytes = [UInt8](try file.read(upToCount: byteCount) ?? Data())
    guard bytes.count == byteCount else {
      throw FileError("read", candidates[1].path, code: ENODATA)
    }
    return bytes
  }
}
