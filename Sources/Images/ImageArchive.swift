import Digests
import Files
import Foundation
import Glibc
import Trials

/// The images of a data set, mapped read-only from one file.
///
/// ``ImageArchiveHeader`` documents the file's layout. The file contains no times or host names, so
/// equal images give equal files, and the SHA-256 of the whole file identifies them.
///
/// An archive is never changed in place: a new one is written under another name and renamed, so an
/// open archive keeps its content.
package final class ImageArchive: Sendable {
  /// The file that was opened.
  package let url: URL

  private let header: ImageArchiveHeader
  // Safe to share: the mapping is read-only, created before the archive is shared, and removed only
  // in deinit.
  private nonisolated(unsafe) let mapping: UnsafeRawBufferPointer
  /// The reader of a large archive; nil for a small one.
  private let reader: ImageReader?

  /// Archives from this size on may not fit into memory and are read image by image, without
  /// read-ahead of the system; ``prefetch(_:indices:)`` requests images.
  package static let largeByteCount = 256 << 20

  /// Maps the archive at `url`.
  ///
  /// Checks the header and the file's length, in constant time; ``verifyPayload()`` and
  /// ``verify(against:)`` check the images.
  ///
  /// - Parameter largeByteCount: The size from which the archive is read image by image.
  package static func open(
    at url: URL, largeByteCount: Int = largeByteCount
  ) throws(ImageArchiveError) -> ImageArchive {
    let (mapping, reader) = try map(url.path, largeByteCount: largeByteCount)
    do throws(ImageArchiveError) {
      let header = try ImageArchiveHeader(file: mapping, path: url.path)
      return ImageArchive(
        url: url, header: header, mapping: mapping, reader: reader)
    } catch {
      unmap(mapping)
      throw error
    }
  }

  private init(
    url: URL, header: ImageArchiveHeader, mapping: UnsafeRawBufferPointer, reader: ImageReader?
  ) {
    self.url = url
    self.header = header
    self.mapping = mapping
    self.reader = reader
  }

  deinit {
    Self.unmap(mapping)
  }

  /// Name of the data set.
  package var name: String { header.name }
  /// Channels, height and width of every image.
  package var shape: ImageShape { header.shape }
  /// How the file stores pixels; ``copyImages(_:indices:into:)`` converts them to floats.
  package var encoding: PixelEncoding { header.encoding }
  /// The number of training images.
  package var trainingCount: Int { header.trainingCount }
  /// The number of evaluation images.
  package var evaluationCount: Int { header.evaluationCount }
  /// The number of images of a part.
  package func count(of split: ImageSplit) -> Int { header.count(of: split) }
  /// Bytes of the whole file.
  package var byteCount: Int { mapping.count }

  /// Copies images as values from 0 to 1.
  ///
  /// A stored byte `v` becomes the float nearest to v/255, a stored bit 0 or 1. Does not allocate
  /// memory after the first call, except for one stored image of a large archive.
  ///
  /// - Parameters:
  ///   - indices: Indices in `split`, in any order, possibly repeated. Traps on an index out of range.
  ///   - destination: Receives `indices.count × height × width × channels` values in that order
  ///     (NHWC).
  package func copyImages(
    _ split: ImageSplit, indices: UnsafeBufferPointer<UInt32>,
    into destination: UnsafeMutablePointer<Float>
  ) {
    let elementCount = shape.elementCount
    var destination = destination
    for index in indices {
      withStored(Int(index), in: split) { source in
        switch encoding {
        case .byte: PixelConversion.copyBytes(source, count: elementCount, into: destination)
        case .bit: PixelConversion.copyBits(source, count: elementCount, into: destination)
        }
      }
      destination += elementCount
    }
  }

  /// Asks the system to read images that will be copied soon; does nothing for a small archive.
  ///
  /// Returns at once; the system reads in the background.
  ///
  /// - Parameter indices: Indices in `split`. Traps on an index out of range.
  package func prefetch(_ split: ImageSplit, indices: UnsafeBufferPointer<UInt32>) {
    guard let reader else { return }
    for index in indices {
      reader.prefetch(at: offset(of: Int(index), in: split), count: header.imageByteCount)
    }
  }

  /// The values of one image as bytes: `height × width × channels` in that order.
  ///
  /// For an archive of bits they are 0 or 1. Traps on an index out of range.
  package func bytes(of index: Int, in split: ImageSplit) -> [UInt8] {
    withStored(index, in: split) { source in
      switch encoding {
      case .byte: Array(source)
      case .bit: (0..<shape.elementCount).map { source[$0 >> 3] >> UInt8(7 - $0 & 7) & 1 }
      }
    }
  }

  /// The SHA-256 of the whole file, which identifies the archive; reads all of it.
  package func computeDigest() -> Digest {
    digest(of: mapping)
  }

  /// Checks that `digest` is the archive's digest; reads all of it.
  package func verify(against digest: Digest) throws(ImageArchiveError) {
    let found = computeDigest()
    guard found == digest else {
      throw .digestMismatch(path: url.path, part: "file", found: found, expected: digest)
    }
  }

  /// Checks the images against the digests in the header; reads all of them.
  package func verifyPayload() throws(ImageArchiveError) {
    for split in ImageSplit.allCases {
      let start = header.offset(of: split)
      let found = digest(
        of: UnsafeRawBufferPointer(rebasing: mapping[start..<start + header.byteCount(of: split)]))
      guard found == header.digest(of: split) else {
        throw .digestMismatch(
          path: url.path, part: "\(split.rawValue) part", found: found,
          expected: header.digest(of: split))
      }
    }
  }

  /// Calls a function with the stored bytes of one image.
  private func withStored<Result>(
    _ index: Int, in split: ImageSplit, _ body: (UnsafeRawBufferPointer) -> Result
  ) -> Result {
    let start = offset(of: index, in: split)
    let count = header.imageByteCount
    guard let reader else {
      return body(UnsafeRawBufferPointer(rebasing: mapping[start..<start + count]))
    }
    return withUnsafeTemporaryAllocation(byteCount: count, alignment: 16) { buffer in
      reader.read(at: start, into: buffer)
      return body(UnsafeRawBufferPointer(buffer))
    }
  }

  /// The offset of an image in the file.
  private func offset(of index: Int, in split: ImageSplit) -> Int {
    let count = header.count(of: split)
    precondition(
      index >= 0 && index < count,
      "image \(index) of the \(split.rawValue) part of \(name), which has \(count)")
    return header.offset(of: split) + index * header.imageByteCount
  }

  /// The digest of a part of the file.
  ///
  /// A large archive is read sequentially and its pages are released, so that a large file takes no
  /// more memory than a small one.
  private func digest(of part: UnsafeRawBufferPointer) -> Digest {
    var stream = DigestStream()
    guard reader != nil else {
      stream.append(part)
      return stream.digest
    }
    Self.advise(mapping, MADV_SEQUENTIAL)
    defer { Self.advise(mapping, MADV_RANDOM) }
    for start in stride(from: 0, to: part.count, by: Self.pieceByteCount) {
      let end = min(start + Self.pieceByteCount, part.count)
      let piece = UnsafeRawBufferPointer(rebasing: part[start..<end])
      stream.append(piece)
      Self.advise(piece, MADV_DONTNEED)
    }
    return stream.digest
  }

  private static let pieceByteCount = 16 << 20
  private static let pageByteCount = Int(getpagesize())

  /// Tells the system how a part of the mapping will be read, starting at its page.
  ///
  /// Errors are ignored, since they only affect speed.
  private static func advise(_ part: UnsafeRawBufferPointer, _ advice: Int32) {
    guard let base = part.baseAddress else { return }
    let inPage = Int(bitPattern: base) % Self.pageByteCount
    madvise(UnsafeMutableRawPointer(mutating: base - inPage), part.count + inPage, advice)
  }

  /// Maps a file, and creates a reader if it is large.
  private static func map(
    _ path: String, largeByteCount: Int
  ) throws(ImageArchiveError) -> (UnsafeRawBufferPointer, ImageReader?) {
    let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw .system(FileError("open", path)) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw .system(FileError("fstat", path)) }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw .malformed(
        path: path, offset: 0, field: "kind of file", found: "something else",
        expected: "a regular file")
    }
    // An empty file cannot be mapped, and has no header.
    let size = Int(status.st_size)
    guard size > 0 else { return (UnsafeRawBufferPointer(start: nil, count: 0), nil) }
    let reader =
      size >= largeByteCount ? try ImageReader(sameFileAs: descriptor, path: path) : nil
    guard
      let base = mmap(nil, size, PROT_READ, MAP_SHARED, descriptor, 0),
      base != MAP_FAILED
    else { throw .system(FileError("mmap", path)) }
    let mapping = UnsafeRawBufferPointer(start: base, count: size)
    if reader != nil { advise(mapping, MADV_RANDOM) }
    return (mapping, reader)
  }

  private static func unmap(_ mapping: UnsafeRawBufferPointer) {
    guard let base = mapping.baseAddress else { return }
    munmap(UnsafeMutableRawPointer(mutating: base), mapping.count)
  }
}
