import Digests
import Trials

/// The first page of an image archive, which describes the file.
///
/// An archive is one file, `<data set>.images`: this header, then the training images, then the
/// evaluation images, each image `height × width × channels` values in that order, in the given
/// encoding, without gaps. Integers are little-endian.
///
/// | byte | size | content |
/// | ---: | ---: | --- |
/// | 0 | 8 | magic, `BSIMAGES` in ASCII |
/// | 8 | 4 | version of the format, 1 |
/// | 12 | 4 | encoding: 0 a byte for each value, 1 a bit for each value (``PixelEncoding``) |
/// | 16 | 4 | channels, 1…4 |
/// | 20 | 4 | height, 1…4096 |
/// | 24 | 4 | width, 1…4096 |
/// | 28 | 4 | bytes of one stored image |
/// | 32 | 8 | count of training images |
/// | 40 | 8 | count of evaluation images |
/// | 48 | 8 | offset of the first image, 4096 |
/// | 56 | 8 | bytes of all images together |
/// | 64 | 32 | SHA-256 of the stored training images |
/// | 96 | 32 | SHA-256 of the stored evaluation images |
/// | 128 | 64 | name of the data set, UTF-8, 1 to 63 bytes, padded with zeros |
/// | 192 | 3872 | zeros |
/// | 4064 | 32 | SHA-256 of bytes 0…4063 |
struct ImageArchiveHeader: Equatable {
  var name: String
  var shape: ImageShape
  var encoding: PixelEncoding
  var trainingCount: Int
  var evaluationCount: Int
  var trainingDigest: Digest
  var evaluationDigest: Digest

  /// Bytes of the header, and the offset of the first image.
  static let byteCount = 4096
  /// Largest name, in UTF-8 bytes.
  static let nameByteLimit = 63

  private static let magic = Array("BSIMAGES".utf8)
  private static let version: UInt32 = 1
  private static let checkedByteCount = byteCount - Digest.byteCount

  /// Bytes of one stored image.
  var imageByteCount: Int { encoding.storedByteCount(of: shape) }

  /// The number of images of a part.
  func count(of split: ImageSplit) -> Int {
    switch split {
    case .training: trainingCount
    case .evaluation: evaluationCount
    }
  }

  /// Offset in the file of a part's first image.
  func offset(of split: ImageSplit) -> Int {
    switch split {
    case .training: Self.byteCount
    case .evaluation: Self.byteCount + trainingCount * imageByteCount
    }
  }

  /// Bytes of a part's images.
  func byteCount(of split: ImageSplit) -> Int { count(of: split) * imageByteCount }

  /// Digest of a part's stored images.
  func digest(of split: ImageSplit) -> Digest {
    switch split {
    case .training: trainingDigest
    case .evaluation: evaluationDigest
    }
  }

  /// Bytes of the whole file.
  var fileByteCount: Int {
    Self.byteCount + byteCount(of: .training) + byteCount(of: .evaluation)
  }

  /// The header's bytes.
  var encoded: [UInt8] {
    var page: [UInt8] = []
    page.reserveCapacity(Self.byteCount)
    func append(_ value: some FixedWidthInteger) {
      withUnsafeBytes(of: value.littleEndian) { page.append(contentsOf: $0) }
    }
    page.append(contentsOf: Self.magic)
    append(Self.version)
    append(encoding.rawValue)
    append(UInt32(shape.channels))
    append(UInt32(shape.height))
    append(UInt32(shape.width))
    append(UInt32(imageByteCount))
    append(UInt64(trainingCount))
    append(UInt64(evaluationCount))
    append(UInt64(Self.byteCount))
    append(UInt64(byteCount(of: .training) + byteCount(of: .evaluation)))
    page.append(contentsOf: trainingDigest.bytes)
    page.append(contentsOf: evaluationDigest.bytes)
    page.append(contentsOf: name.utf8)
    page.append(contentsOf: repeatElement(0, count: Self.checkedByteCount - page.count))
    page.append(contentsOf: Digest.of(page).bytes)
    return page
  }

  /// Reads the header of the file at `path` from the file's bytes.
  ///
  /// Checks every field and the file's length, so that every image of a valid header is inside the
  /// file.
  init(file bytes: UnsafeRawBufferPointer, path: String) throws(ImageArchiveError) {
    func malformed(_ offset: Int, _ field: String, _ found: String, _ expected: String)
      -> ImageArchiveError
    {
      .malformed(path: path, offset: offset, field: field, found: found, expected: expected)
    }
    guard bytes.count >= Self.byteCount else {
      throw malformed(
        bytes.count, "header", "the end of the file", "a header of \(Self.byteCount) bytes")
    }
    func field<Value: UnsignedInteger & FixedWidthInteger>(
      _ offset: Int, _ name: String, _ range: ClosedRange<Value>
    ) throws(ImageArchiveError) -> Int {
      let value = Value(
        littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Value.self))
      guard range.contains(value) else {
        let expected =
          range.count == 1 ? "\(range.lowerBound)" : "\(range.lowerBound) to \(range.upperBound)"
        throw malformed(offset, name, "\(value)", expected)
      }
      return Int(value)
    }
    func digest(at offset: Int) -> Digest {
      guard let digest = Digest(bytes: bytes[offset..<offset + Digest.byteCount]) else {
        preconditionFailure("a digest has \(Digest.byteCount) bytes")
      }
      return digest
    }

    let found = Array(bytes[..<Self.magic.count])
    guard found == Self.magic else {
      throw malformed(
        0, "magic", found.hexadecimalPairs, Self.magic.hexadecimalPairs + " (BSIMAGES)")
    }
    _ = try field(8, "format version", Self.version...Self.version)
    let checked = Digest.of(Array(bytes[..<Self.checkedByteCount]))
    let announced = digest(at: Self.checkedByteCount)
    guard checked == announced else {
      throw .digestMismatch(path: path, part: "header", found: checked, expected: announced)
    }
    let code = try field(12, "pixel encoding", UInt32(0)...1)
    guard let encoding = PixelEncoding(rawValue: UInt32(code)) else {
      preconditionFailure("the range holds the codes of all encodings")
    }
    self.encoding = encoding
    shape = ImageShape(
      channels: try field(16, "channels", UInt32(1)...4),
      height: try field(20, "height", UInt32(1)...4096),
      width: try field(24, "width", UInt32(1)...4096))
    let imageByteCount = encoding.storedByteCount(of: shape)
    _ = try field(28, "bytes of an image", UInt32(imageByteCount)...UInt32(imageByteCount))
    // Both parts together are below 2⁶² bytes, so that later products do not overflow.
    let countLimit = (UInt64(1) << 60) / UInt64(imageByteCount)
    trainingCount = try field(32, "count of training images", 0...countLimit)
    evaluationCount = try field(40, "count of evaluation images", 0...countLimit)
    _ = try field(48, "offset of the images", UInt64(Self.byteCount)...UInt64(Self.byteCount))
    let payload = UInt64((trainingCount + evaluationCount) * imageByteCount)
    _ = try field(56, "bytes of all images", payload...payload)
    trainingDigest = digest(at: 64)
    evaluationDigest = digest(at: 96)
    let nameBytes = bytes[128..<128 + Self.nameByteLimit + 1].prefix { $0 != 0 }
    guard let name = String(validating: nameBytes, as: UTF8.self),
      (1...Self.nameByteLimit).contains(nameBytes.count)
    else {
      throw malformed(
        128, "name of the data set", nameBytes.hexadecimalPairs,
        "1 to \(Self.nameByteLimit) bytes of UTF-8")
    }
    self.name = name
    guard bytes.count == fileByteCount else {
      throw malformed(
        min(bytes.count, fileByteCount), "end of the file", "\(bytes.count) bytes",
        "\(fileByteCount) bytes for \(trainingCount) + \(evaluationCount) images")
    }
  }

  /// The header of an archive with the given content.
  init(
    name: String, shape: ImageShape, encoding: PixelEncoding, trainingCount: Int,
    evaluationCount: Int, trainingDigest: Digest, evaluationDigest: Digest
  ) {
    self.name = name
    self.shape = shape
    self.encoding = encoding
    self.trainingCount = trainingCount
    self.evaluationCount = evaluationCount
    self.trainingDigest = trainingDigest
    self.evaluationDigest = evaluationDigest
  }
}
