import Digests
import Foundation
import Glibc
import Trials

/// Writes an image archive image by image.
///
/// The file grows aside, as `<name>.partial` in the same folder; ``finish()`` makes it durable and
/// renames it, so that an archive is either complete or not there. A writer that goes away
/// unfinished removes what it wrote; one that was killed leaves a `.partial` file that the next
/// writer of the same archive takes over. Two writers of one archive exclude each other by a lock
/// on that file.
package struct ImageArchiveWriter: ~Copyable {
  private let path: String
  private let partialPath: String
  private let descriptor: Int32
  private var header: ImageArchiveHeader
  private var training: PartWriter
  private var evaluation: PartWriter
  private var isPublished = false

  /// Starts the archive that will appear at `url`, replacing any that is there.
  ///
  /// - Parameters:
  ///   - name: Name of the data set, 1 to 63 bytes of UTF-8.
  ///   - shape: Up to 4 channels of up to 4096×4096 values.
  ///   - trainingCount: How many images will be appended to the training part, exactly.
  ///   - evaluationCount: The same for the evaluation part.
  /// - Throws: ``ImageArchiveError/beingWritten(path:)`` while another writer is at work, else the
  ///   failed system call.
  package init(
    at url: URL, name: String, shape: ImageShape, encoding: PixelEncoding, trainingCount: Int,
    evaluationCount: Int
  ) throws(ImageArchiveError) {
    precondition(
      (1...ImageArchiveHeader.nameByteLimit).contains(name.utf8.count) && !name.utf8.contains(0),
      "a data set's name has 1 to \(ImageArchiveHeader.nameByteLimit) bytes, none of them zero")
    precondition(
      (1...4).contains(shape.channels) && (1...4096).contains(shape.height)
        && (1...4096).contains(shape.width), "images of \(shape) do not fit the archive's format")
    precondition(trainingCount >= 0 && evaluationCount >= 0, "counts of images are not negative")
    path = url.path
    partialPath = path + ".partial"
    let nothing = DigestStream().digest
    header = ImageArchiveHeader(
      name: name, shape: shape, encoding: encoding, trainingCount: trainingCount,
      evaluationCount: evaluationCount, trainingDigest: nothing, evaluationDigest: nothing)
    training = PartWriter(offset: header.offset(of: .training))
    evaluation = PartWriter(offset: header.offset(of: .evaluation))
    descriptor = try Self.openPartial(partialPath, of: path)
  }

  deinit {
    // Removed before the lock goes with the descriptor: afterwards it may be another writer's.
    if !isPublished { unlink(partialPath) }
    close(descriptor)
  }

  /// Appends one image to a part; parts may be filled in any interleaving.
  ///
  /// - Parameter pixels: `height × width × channels` values in that order; for an archive of bits
  ///   each 0 or 1. Traps on any other count or value, and when the part is complete already.
  package mutating func append(_ pixels: [UInt8], to split: ImageSplit) throws(ImageArchiveError) {
    precondition(
      pixels.count == header.shape.elementCount,
      "an image of \(header.shape) has \(header.shape.elementCount) values, not \(pixels.count)")
    switch split {
    case .training:
      precondition(training.imageCount < header.trainingCount, "the training part is complete")
      training.append(pixels, as: header.encoding)
      if training.isBufferFull { try training.flush(to: descriptor, path: partialPath) }
    case .evaluation:
      precondition(
        evaluation.imageCount < header.evaluationCount, "the evaluation part is complete")
      evaluation.append(pixels, as: header.encoding)
      if evaluation.isBufferFull { try evaluation.flush(to: descriptor, path: partialPath) }
    }
  }

  /// Completes the archive, makes it durable and puts it in its place.
  ///
  /// Traps when images are missing.
  ///
  /// - Returns: The SHA-256 of the whole file, computed from the file itself.
  package consuming func finish() throws(ImageArchiveError) -> Digest {
    precondition(
      training.imageCount == header.trainingCount
        && evaluation.imageCount == header.evaluationCount,
      "\(training.imageCount) + \(evaluation.imageCount) images of "
        + "\(header.trainingCount) + \(header.evaluationCount) were appended")
    try training.flush(to: descriptor, path: partialPath)
    try evaluation.flush(to: descriptor, path: partialPath)
    header.trainingDigest = training.digest.digest
    header.evaluationDigest = evaluation.digest.digest
    try Self.write(header.encoded, at: 0, to: descriptor, path: partialPath)
    guard fsync(descriptor) == 0 else { throw .lastSystemError("fsync", partialPath) }
    let digest = try ImageArchive.open(at: URL(fileURLWithPath: partialPath)).computeDigest()
    guard rename(partialPath, path) == 0 else {
      throw .lastSystemError("rename to \(path)", partialPath)
    }
    isPublished = true
    try Self.synchronizeFolder(of: path)
    return digest
  }

  /// Opens and locks the file that the archive grows in, and empties it.
  private static func openPartial(_ partialPath: String, of path: String)
    throws(ImageArchiveError) -> Int32
  {
    let descriptor = open(partialPath, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw .lastSystemError("open for writing", partialPath) }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      let code = errno
      close(descriptor)
      throw code == EWOULDBLOCK
        ? .beingWritten(path: path)
        : .system(path: partialPath, operation: "flock", code: code)
    }
    // Between opening and locking, another writer may have finished and renamed this very file.
    var opened = stat()
    var named = stat()
    let isStillThere =
      fstat(descriptor, &opened) == 0 && stat(partialPath, &named) == 0
      && opened.st_ino == named.st_ino && opened.st_dev == named.st_dev
    guard isStillThere else {
      close(descriptor)
      throw .beingWritten(path: path)
    }
    guard ftruncate(descriptor, 0) == 0 else {
      let failure = ImageArchiveError.lastSystemError("ftruncate", partialPath)
      close(descriptor)
      throw failure
    }
    return descriptor
  }

  /// Makes the new name durable.
  private static func synchronizeFolder(of path: String) throws(ImageArchiveError) {
    let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
    let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .lastSystemError("open", folder) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw .lastSystemError("fsync", folder) }
  }

  /// Writes all of `bytes` at an offset.
  fileprivate static func write(
    _ bytes: [UInt8], at offset: Int, to descriptor: Int32, path: String
  ) throws(ImageArchiveError) {
    var written = 0
    while written < bytes.count {
      let count = bytes.withUnsafeBytes { bytes in
        let rest = bytes[written...]
        return pwrite(
          descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count,
          off_t(offset + written))
      }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { throw .lastSystemError("pwrite", path) }
      written += count
    }
  }
}

/// One part of an archive as it grows: what is not yet in the file, and the digest of all of it.
private struct PartWriter {
  private(set) var imageCount = 0
  private(set) var digest = DigestStream()
  private var offset: Int
  private var buffer: [UInt8] = []

  private static let bufferByteCount = 1 << 20

  init(offset: Int) {
    self.offset = offset
  }

  var isBufferFull: Bool { buffer.count >= Self.bufferByteCount }

  mutating func append(_ pixels: [UInt8], as encoding: PixelEncoding) {
    switch encoding {
    case .byte: buffer.append(contentsOf: pixels)
    case .bit:
      for start in stride(from: 0, to: pixels.count, by: 8) {
        var octet: UInt8 = 0
        for element in start..<min(start + 8, pixels.count) {
          precondition(pixels[element] <= 1, "a pixel stored as a bit is 0 or 1")
          octet |= pixels[element] << UInt8(7 - element & 7)
        }
        buffer.append(octet)
      }
    }
    imageCount += 1
  }

  mutating func flush(to descriptor: Int32, path: String) throws(ImageArchiveError) {
    digest.append(buffer)
    try ImageArchiveWriter.write(buffer, at: offset, to: descriptor, path: path)
    offset += buffer.count
    buffer.removeAll(keepingCapacity: true)
  }
}
