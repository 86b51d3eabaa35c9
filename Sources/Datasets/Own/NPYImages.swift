import Trials

/// Images of unsigned bytes in an npy array of the extents count, height and width.
struct NPYImages: ImageSequence {
  let count: Int
  let headerByteCount: Int
  var place: String { stream.place }

  private let stream: DecodedStream
  private let imageByteCount: Int

  /// Reads the header and checks size and number of the images.
  init(_ stream: DecodedStream, shape: ImageShape, countMaximum: Int) throws(DatasetError) {
    precondition(shape.channels == 1, "these images are grey")
    let header = try NPYHeader(stream)
    func require(_ field: String, _ found: String, _ expected: String) throws(DatasetError) {
      guard found == expected else {
        throw .malformed(
          place: stream.place, offset: 0, field: "\(field) in the npy header", found: found,
          expected: expected)
      }
    }
    try require("descr", header.elementType, "|u1")
    try require("fortran_order", header.isFortranOrder ? "True" : "False", "False")
    guard header.shape.count == 3, (1...countMaximum).contains(header.shape[0]),
      header.shape[1] == shape.height, header.shape[2] == shape.width
    else {
      throw .malformed(
        place: stream.place, offset: 0, field: "shape in the npy header",
        found: "\(header.shape)",
        expected: "[count, \(shape.height), \(shape.width)], at most \(countMaximum)")
    }
    self.stream = stream
    headerByteCount = stream.offset
    count = header.shape[0]
    imageByteCount = shape.elementCount
  }

  func read(_ receive: ([UInt8], Int) throws(DatasetError) -> Void) throws(DatasetError) {
    var image = [UInt8](repeating: 0, count: imageByteCount)
    for index in 0..<count {
      try stream.fill(&image, "pixels of image \(index) of \(count)")
      try receive(image, index)
    }
    try stream.expectEnd()
  }
}
