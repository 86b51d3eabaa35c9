import Digests
import Files
import Foundation
import Glibc
import Trials

/// Writes an image archive image by image.
///
/// The file is written as `<name>.partial` in the same folder; ``finish()`` syncs and renames it,
/// so an archive is either complete or missing. An unfinished writer removes the file when it is
/// released. A killed writer leaves the `.partial` file, which the next writer of the archive
/// overwrites. Writers of one archive exclude each other by a lock on that file.
package struct ImageArchiveWriter: ~Copyable {
  private let path: String
  private let file: OpenFile<ImageArchiveError>
  private var header: ImageArchiveHeader
  private var training: PartWriter
  private var evaluation: PartWriter
  private var isPublished = false

  /// Starts the archive of `url`, which will replace an existing one.
  ///
  /// - Parameters:
  ///   - name: Name of the data set, 1 to 63 bytes of UTF-8.
  ///   - shape: Up to 4 channels of up to 4096×4096 values.
  ///   - trainingCount: The exact number of images that will be appended to the training part.
  ///   - evaluationCount: The same for the evaluation part.
  /// - Throws: ``ImageArchiveError/beingWritten(path:)`` while another writer is active, else the
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
    let nothing = DigestStream().digest
    header = ImageArchiveHeader(
      name: name, shape: shape, encoding: encoding, trainingCount: trainingCount,
      evaluationCount: evaluationCount, trainingDigest: nothing, evaluationDigest: nothing)
    training = PartWriter(offset: header.offset(of: .training))
    evaluation = PartWriter(offset: header.offset(of: .evaluation))
    file = try Self.openPartial(of: path)
  }

  deinit {
    // Remove the file before the lock is released; afterwards it may be another writer's.
    if !isPublished { unlink(file.path) }
  }

  /// Appends one image to a part; the order of parts does not matter.
  ///
  /// - Parameter pixels: `height × width × channels` values in that order; for an archive of bits
  ///   each 0 or 1. Traps on any other count or value, and if the part is complete already.
  package mutating func append(_ pixels: [UInt8], to split: ImageSplit) throws(ImageArchiveError) {
    precondition(
      pixels.count == header.shape.elementCount,
      "an image of \(header.shape) has \(header.shape.elementCount) values, not \(pixels.count)")
    switch split {
    case .training:
      precondition(training.imageCount < header.trainingCount, "the training part is complete")
      training.append(pixels, as: header.encoding)
      if training.isBufferFull { try training.flush(to: file) }
    case .evaluation:
      precondition(
        evaluation.imageCount < header.evaluationCount, "the evaluation part is complete")
      evaluation.append(pixels, as: header.encoding)
      if evaluation.isBufferFull { try evaluation.flush(to: file) }
    }
  }

  /// Completes the archive, syncs it and renames it.
  ///
  /// Traps if images are missing.
  ///
  /// - Returns: The SHA-256 of the whole file, computed from the file.
  package consuming func finish() throws(ImageArchiveError) -> Digest {
    precondition(
      training.imageCount == header.trainingCount
        && evaluation.imageCount == header.evaluationCount,
      "\(training.imageCount) + \(evaluation.imageCount) images of "
        + "\(header.trainingCount) + \(header.evaluationCount) were appended")
    try training.flush(to: file)
    try evaluation.flush(to: file)
    header.trainingDigest = training.digest.digest
    header.evaluationDigest = evaluation.digest.digest
    try file.write(header.encoded, at: 0)
    try file.synchronize()
    let digest = try ImageArchive.open(at: URL(fileURLWithPath: file.path)).computeDigest()
    try OpenFile<ImageArchiveError>.rename(file.path, to: path)
    isPublished = true
    try OpenFile<ImageArchiveError>.synchronizeFolder(of: path)
    return digest
  }

  /// Opens, locks and truncates the partial file.
  private static func openPartial(
    of path: String
  ) throws(ImageArchiveError) -> OpenFile<ImageArchiveError> {
    let file = try OpenFile<ImageArchiveError>(path + ".partial", flags: O_RDWR | O_CREAT)
    // Between open and lock, another writer may have finished and renamed this file.
    guard try file.lock(LOCK_EX | LOCK_NB), file.isAtItsPath else {
      throw .beingWritten(path: path)
    }
    try file.truncate(to: 0)
    return file
  }
}

/// One part of an archive while it is written: its buffer, and the digest of all of it.
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

  mutating func flush(to file: borrowing OpenFile<ImageArchiveError>) throws(ImageArchiveError) {
    digest.append(buffer)
    try file.write(buffer, at: offset)
    offset += buffer.count
    buffer.removeAll(keepingCapacity: true)
  }
}
