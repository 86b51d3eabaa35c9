import Digests
import Files
import Foundation
import Glibc
import Trials

/// The images of a data set, mapped read-only from one file.
///
/// The file's layout is documented at ``ImageArchiveHeader``. Because it holds neither times nor
/// names of hosts, the same images always make the same file, and the SHA-256 of the whole file
/// names them wherever they travel.
///
/// An archive is never changed in place: a new one is written aside and renamed over it, so an
/// open archive keeps showing the content that it was opened with.
package final class ImageArchive: Sendable {
  /// The file that was opened.
  package let url: URL

  private let header: ImageArchiveHeader
  // Safe to share: the mapping is read-only, is made before the archive is published and outlives
  // every other use, since only deinit ends it.
  private nonisolated(unsafe) let mapping: UnsafeRawBufferPointer

  /// Maps the archive at `url`.
  ///
  /// Checks the header completely and the file's length against it, which takes no time however
  /// large the file is; ``verifyPayload()`` and ``verify(against:)`` check the images.
  package static func open(at url: URL) throws(ImageArchiveError) -> ImageArchive {
    let mapping = try map(url.path)
    do throws(ImageArchiveError) {
      let header = try ImageArchiveHeader(file: mapping, path: url.path)
      return ImageArchive(url: url, header: header, mapping: mapping)
    } catch {
      unmap(mapping)
      throw error
    }
  }

  private init(url: URL, header: ImageArchiveHeader, mapping: UnsafeRawBufferPointer) {
    self.url = url
    self.header = header
    self.mapping = mapping
  }

  deinit {
    Self.unmap(mapping)
  }

  /// Name of the data set.
  package var name: String { header.name }
  /// Channels, height and width of every image.
  package var shape: ImageShape { header.shape }
  /// How the file stores pixels; ``copyImages(_:indices:into:)`` gives floats for either.
  package var encoding: PixelEncoding { header.encoding }
  /// How many images epochs are drawn from.
  package var trainingCount: Int { header.trainingCount }
  /// How many images the evaluation error is measured on.
  package var evaluationCount: Int { header.evaluationCount }
  /// How many images a part has.
  package func count(of split: ImageSplit) -> Int { header.count(of: split) }
  /// Bytes of the whole file.
  package var byteCount: Int { mapping.count }

  /// Copies images as values from 0 to 1.
  ///
  /// A stored byte `v` becomes the float nearest to v/255, a stored bit 0 or 1. Allocates nothing
  /// after the first call.
  ///
  /// - Parameters:
  ///   - indices: Positions within `split`, in any order and as often as wanted. Traps on a
  ///     position that the split does not have.
  ///   - destination: Receives `indices.count × height × width × channels` values in that order
  ///     (NHWC); overwritten, nothing after them is touched.
  package func copyImages(
    _ split: ImageSplit, indices: UnsafeBufferPointer<UInt32>,
    into destination: UnsafeMutablePointer<Float>
  ) {
    let elementCount = shape.elementCount
    var destination = destination
    for index in indices {
      let source = stored(Int(index), in: split)
      switch encoding {
      case .byte: PixelConversion.copyBytes(source, count: elementCount, into: destination)
      case .bit: PixelConversion.copyBits(source, count: elementCount, into: destination)
      }
      destination += elementCount
    }
  }

  /// The values of one image as bytes: `height × width × channels` in that order.
  ///
  /// Of an archive of bits they are 0 or 1. Traps on an index that the split does not have.
  package func bytes(of index: Int, in split: ImageSplit) -> [UInt8] {
    let source = stored(index, in: split)
    return switch encoding {
    case .byte: Array(source)
    case .bit: (0..<shape.elementCount).map { source[$0 >> 3] >> UInt8(7 - $0 & 7) & 1 }
    }
  }

  /// The SHA-256 of the whole file, which names this archive; reads all of it.
  package func computeDigest() -> Digest { digest(of: 0..<mapping.count) }

  /// The digest of some of the file's bytes.
  ///
  /// Gives back the memory of every piece that it has read, so that a file of gigabytes is never
  /// resident as a whole; C function `madvise`.
  private func digest(of range: Range<Int>) -> Digest {
    var stream = DigestStream()
    for start in stride(from: range.lowerBound, to: range.upperBound, by: Self.pieceByteCount) {
      let end = min(start + Self.pieceByteCount, range.upperBound)
      stream.append(UnsafeRawBufferPointer(rebasing: mapping[start..<end]))
      // From a page's start on; header and pages have the same size.
      let page = start / ImageArchiveHeader.byteCount * ImageArchiveHeader.byteCount
      let read = UnsafeRawBufferPointer(rebasing: mapping[page..<end])
      madvise(UnsafeMutableRawPointer(mutating: read.baseAddress), read.count, MADV_DONTNEED)
    }
    return stream.digest
  }

  private static let pieceByteCount = 4 << 20

  /// Checks that this is the archive which `digest` names; reads all of it.
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
      let found = digest(of: start..<start + header.byteCount(of: split))
      guard found == header.digest(of: split) else {
        throw .digestMismatch(
          path: url.path, part: "\(split.rawValue) part", found: found,
          expected: header.digest(of: split))
      }
    }
  }

  /// The stored bytes of one image.
  private func stored(_ index: Int, in split: ImageSplit) -> UnsafeRawBufferPointer {
    let count = header.count(of: split)
    precondition(
      index >= 0 && index < count,
      "image \(index) of the \(split.rawValue) part of \(name), which has \(count)")
    let start = header.offset(of: split) + index * header.imageByteCount
    return UnsafeRawBufferPointer(rebasing: mapping[start..<start + header.imageByteCount])
  }

  private static func map(_ path: String) throws(ImageArchiveError) -> UnsafeRawBufferPointer {
    let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .system(FileError("open", path)) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw .system(FileError("fstat", path)) }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw .malformed(
        path: path, offset: 0, field: "kind of file", found: "something else",
        expected: "a regular file")
    }
    // An empty file cannot be mapped; its header is missing all the same.
    guard status.st_size > 0 else { return UnsafeRawBufferPointer(start: nil, count: 0) }
    guard
      let base = mmap(nil, Int(status.st_size), PROT_READ, MAP_SHARED, descriptor, 0),
      base != MAP_FAILED
    else { throw .system(FileError("mmap", path)) }
    return UnsafeRawBufferPointer(start: base, count: Int(status.st_size))
  }

  private static func unmap(_ mapping: UnsafeRawBufferPointer) {
    guard let base = mapping.baseAddress else { return }
    munmap(UnsafeMutableRawPointer(mutating: base), mapping.count)
  }
}
