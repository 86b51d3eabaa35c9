import Files
import Foundation
import Narrowing
import Trials

/// The trajectory of a trial in its folder, whole or still growing.
struct TrajectoryFile {
  private let candidates: [URL]

  /// The trajectory in a trial's folder.
  init(in folder: URL) {
    let name = ArtifactKind.trajectory.rawValue
    candidates = [name + TrajectoryWriter.partialSuffix, name].map { folder.appending(path: $0) }
  }

  /// Reads bytes that have been written.
  ///
  /// - Throws: The file system's error; `FileError` when the file is shorter.
  func read(from offset: Int, byteCount: Int) throws -> [UInt8] {
    // It gets its name at the trial's end, which may be between two looks.
    guard
      let file = candidates.lazy.compactMap({ try? FileHandle(forReadingFrom: $0) }).first
        ?? candidates.lazy.compactMap({ try? FileHandle(forReadingFrom: $0) }).first
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
