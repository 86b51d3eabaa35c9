/// An npy array of images: count × height × width, optionally × 1 or 3 channels.
struct ImageArray {
  let count: Int
  let height: Int
  let width: Int
  let channels: Int
  /// The file, and the member if there is one, for messages.
  var place: String { stream.place }

  private let stream: DecodedStream
  private let element: Element

  /// The supported types of values.
  private enum Element: String, CaseIterable {
    case byte = "|u1"
    case truth = "|b1"
    case float = "<f4"
    case double = "<f8"

    var byteCount: Int {
      switch self {
      case .byte, .truth: 1
      case .float: 4
      case .double: 8
      }
    }
  }

  private static let countMaximum = 100_000_000
  private static let sideLimit = 16_384
  private static let imageByteLimit = 256 << 20

  /// Reads the header and checks the array's size.
  init(_ stream: DecodedStream) throws(DatasetError) {
    let header = try NPYHeader(stream)
    func refuse(_ found: String, _ expected: String, _ remedy: String) -> DatasetError {
      .refused(place: stream.place, found: found, expected: expected, remedy: remedy)
    }
    guard let element = Element(rawValue: header.elementType) else {
      throw refuse(
        "elements of the type \(header.elementType)",
        "unsigned bytes |u1, floats <f4 or <f8 from 0 to 1, or truth values |b1",
        Self.remedy(header.elementType))
    }
    guard !header.isFortranOrder else {
      throw refuse(
        "an array in Fortran order", "C order", "save numpy.ascontiguousarray(images) instead")
    }
    let extents = header.shape
    let channels = extents.count == 4 ? extents[3] : 1
    guard (3...4).contains(extents.count), channels == 1 || channels == 3,
      (1...Self.countMaximum).contains(extents[0]), (1...Self.sideLimit).contains(extents[1]),
      (1...Self.sideLimit).contains(extents[2])
    else {
      throw refuse(
        "an array of \(extents)",
        "images × height × width, or × 1 or 3 channels, of at most \(Self.sideLimit) pixels a side",
        "bring the axes into that order, for example with numpy.transpose")
    }
    (count, height, width, self.channels) = (extents[0], extents[1], extents[2], channels)
    let imageByteCount = height * width * channels * element.byteCount
    guard imageByteCount <= Self.imageByteLimit else {
      throw refuse(
        "images of \(imageByteCount) bytes", "at most \(Self.imageByteLimit)",
        "scale the images down")
    }
    let expected = stream.offset + count * imageByteCount
    guard stream.announcedByteCount == nil || stream.announcedByteCount == expected else {
      throw .malformed(
        place: stream.place, offset: stream.offset, field: "size of the array",
        found: "\(stream.announcedByteCount ?? 0) bytes with the header",
        expected: "\(expected) for \(extents) of \(header.elementType)")
    }
    self.element = element
    self.stream = stream
  }

  /// Whether its values are booleans in images of this size.
  func isOfBits(height: Int, width: Int) -> Bool {
    element == .truth && channels == 1 && (self.height, self.width) == (height, width)
  }

  /// Passes every image on, and checks that nothing follows.
  ///
  /// A float v becomes 255·v rounded to nearest, halves up.
  ///
  /// - Parameter white: The value for true.
  func read(
    white: UInt8, _ receive: ([UInt8]) throws(DatasetError) -> Void
  ) throws(DatasetError) {
    let valueCount = height * width * channels
    var bytes = [UInt8](repeating: 0, count: valueCount * element.byteCount)
    for index in 0..<count {
      try stream.fill(&bytes, "pixels of image \(index) of \(count)")
      switch element {
      case .byte: try receive(bytes)
      case .truth: try receive(bytes.map { $0 == 0 ? 0 : white })
      case .float, .double:
        var pixels = [UInt8](repeating: 0, count: valueCount)
        for place in 0..<valueCount {
          let value = bytes.withUnsafeBytes { bytes in
            element == .float
              ? Double(
                Float(
                  bitPattern: UInt32(
                    littleEndian: bytes.loadUnaligned(fromByteOffset: 4 * place, as: UInt32.self))))
              : Double(
                bitPattern: UInt64(
                  littleEndian: bytes.loadUnaligned(fromByteOffset: 8 * place, as: UInt64.self)))
          }
          guard value >= 0, value <= 1 else { throw unfit(value, place, of: index) }
          pixels[place] = UInt8((value * 255 + 0.5).rounded(.down))
        }
        try receive(pixels)
      }
    }
    try stream.expectEnd()
  }

  private func unfit(_ value: Double, _ place: Int, of index: Int) -> DatasetError {
    let pixel = place / channels
    return .refused(
      place:
        "\(stream.place), image \(index), row \(pixel / width), column \(pixel % width)",
      found: "\(value)", expected: "a number from 0 to 1",
      remedy: "divide the images by their largest value, or save them as unsigned bytes")
  }

  private static func remedy(_ type: String) -> String {
    switch type {
    case "|O": "save the images as one array of numbers: numpy.stack(images).astype('u1')"
    case ">f4", ">f8": "save images.astype('<f4') instead: these bytes are in the other order"
    default: "save images.astype('u1') instead, with values from 0 to 255"
    }
  }
}
