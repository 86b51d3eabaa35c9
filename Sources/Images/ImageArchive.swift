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
  /// Of a large archive.
  private let reader: ImageReader?

  /// Archives from this size on may not fit into memory, and are read image by image: the system
  /// is told not to read what surrounds an image, and ``prefetch(_:indices:)`` asks for images.
  package static let largeByteCount = 256 << 20

  /// Maps the archive at `url`.
  ///
  /// Checks the header completely and the file's length against it, which takes no time however
  /// large the file is; ``verifyPayload()`` and ``verify(against:)`` check the images.
  ///
  /// - Parameter largeByteCount: From which size on the archive is read image by image.
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
  /// after the first call but, of a large archive, room for one stored image.
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
      withStored(Int(index), in: split) { source in
        switch encoding {
        case .byte: PixelConversion.copyBytes(source, count: elementCount, into: destination)
        case .bit: PixelConversion.copyBits(source, count: elementCount, into: destination)
        }
      }
      destination += elementCount
    }
  }

  /// Asks the system to read images ahead that will be copied soon; of a small archive nothing is
  /// asked.
  ///
  /// Returns at once; the reading goes on while the caller computes.
  ///
  /// - Parameter indices: Positions within `split`. Traps on one that the split does not have.
  package func prefetch(_ split: ImageSplit, indices: UnsafeBufferPointer<UInt32>) {
    guard let reader else { return }
    for index in indices {
      reader.prefetch(at: offset(of: Int(index), in: split), count: header.imageByteCount)
    }
  }

  /// The values of one image as bytes: `height × width × channels` in that order.
  ///
  /// Of an archive of bits they are 0 or 1. Traps on an index that the split does not have.
  package func bytes(of index: Int, in split: ImageSplit) -> [UInt8] {
    withStored(index, in: split) { source in
      switch encoding {
      case .byte: Array(source)
      case .bit: (0..<shape.elementCount).map { source[$0 >> 3] >> UInt8(7 - $0 & 7) & 1 }
      }
    }
  }

  /// The SHA-256 of the whole file, which names this archive; reads all of it.
  package func computeDigest() -> Digest {
    digest(of: mapping)
  }

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

  /// Where in the file an image begins.
  private func offset(of index: Int, in split: ImageSplit) -> Int {
    let count = header.count(of: split)
    precondition(
      index >= 0 && index < count,
      "image \(index) of the \(split.rawValue) part of \(name), which has \(count)")
    return header.offset(of: split) + index * header.imageByteCount
  }

  /// The digest of a part of the file.
  ///
  /// Of a large archive it is read onward, and what was read is let go of, so that a large file
  /// takes no more memory than a small one; it may stay in the system's cache.
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

  /// Tells the system how a part of the mapping will be read, and from the page on that it is in.
  ///
  /// A refusal changes nothing but the speed.
  private static func advise(_ part: UnsafeRawBufferPointer, _ advice: Int32) {
    guard let base = part.baseAddress else { return }
    let inPage = Int(bitPattern: base) % Self.pageByteCount
    madvise(UnsafeMutableRawPointer(mutating: base - inPage), part.count + inPage, advice)
  }

  /// Maps a file, and opens it for a reader if it is large.
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
    // An empty file cannot be mapped; its header is missing all the same.
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
