import Foundation
import TensorFiles
import TestSupport
import Testing

@Suite("Safetensors files")
struct SafetensorsTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private static let sample = Safetensors(
    metadata: ["step": "7", "text": "with \"quotes\" and a / slash"],
    tensors: [
      Safetensors.Tensor(name: "bytes", shape: [3], elements: [1, 2, 255] as [UInt8]),
      Safetensors.Tensor(name: "a.weight", shape: [2, 2], elements: [1, -0.5, .pi, 0] as [Float]),
      Safetensors.Tensor(name: "scalar", shape: [], elements: [Int64.min]),
      Safetensors.Tensor(name: "logit", shape: [2], elements: [0.42, 1e-300]),
      Safetensors.Tensor(name: "empty", shape: [0, 4], elements: [] as [Float]),
    ])

  @Test("a written file reads back, with larger elements first")
  func roundTrip() throws {
    let file = try Safetensors(parsing: Self.sample.encoded())
    #expect(file.metadata == Self.sample.metadata)
    #expect(Set(file.tensors) == Set(Self.sample.tensors))
    #expect(file.tensors.last?.name == "bytes")
    #expect(file["logit"]?.elements(as: Double.self) == [0.42, 1e-300])
    #expect(file["scalar"]?.elements(as: Int64.self) == [Int64.min])
    #expect(file["a.weight"]?.elements(as: Float.self) == [1, -0.5, .pi, 0])
    #expect(file["bytes"]?.elements(as: UInt8.self) == [1, 2, 255])
    #expect(file["bytes"]?.elements(as: Float.self) == nil)
    #expect(file["absent"] == nil)
  }

  // The format: "8 bytes: N, an unsigned little-endian 64-bit integer; N bytes: a JSON UTF-8
  // string", which must begin with { and may end in spaces.
  @Test("the bytes are those of the format, with the data at a multiple of 64")
  func layout() {
    let content = Safetensors(
      metadata: ["k": "v"],
      tensors: [Safetensors.Tensor(name: "t", shape: [2], elements: [7, 9] as [UInt8])])
    let header =
      #"{"__metadata__":{"k":"v"},"t":{"data_offsets":[0,2],"dtype":"U8","shape":[2]}}"#
    let padded = header + String(repeating: " ", count: 120 - header.utf8.count)
    #expect(content.encoded() == Data([120, 0, 0, 0, 0, 0, 0, 0]) + Data(padded.utf8) + [7, 9])
  }

  @Test("equal content gives equal bytes, whatever the order of metadata")
  func determinism() {
    var again = Self.sample
    again.metadata = Dictionary(
      uniqueKeysWithValues: Self.sample.metadata.map { ($0, $1) }.reversed())
    #expect(again.encoded() == Self.sample.encoded())
  }

  @Test(
    "a malformed start is refused with its offset",
    arguments: [
      ([1, 2, 3], 3),
      ([1, 0, 0, 0, 0, 0, 0, 0, 0x7b, 0x7d], 0),
      ([3, 0, 0, 0, 0, 0, 0, 0, 0x7b, 0x7d], 0),
      ([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7b, 0x7d], 0),
      ([0, 0, 0, 0, 0, 0, 0, 0x80, 0x7b, 0x7d], 0),
      ([2, 0, 0, 0, 0, 0, 0, 0, 0x5b, 0x5d], 8),
      ([2, 0, 0, 0, 0, 0, 0, 0, 0x7b, 0x7b], 8),
    ] as [([UInt8], Int)])
  func malformedBeginning(bytes: [UInt8], offset: Int) throws {
    try expectRefusal(of: Data(bytes), at: offset)
  }

  @Test(
    "a header that does not fit the data is refused with its offset",
    arguments: [
      (#"{"t":{"dtype":"BF16","shape":[1],"data_offsets":[0,2]}}"#, 2, nil),
      (#"{"t":{"dtype":"U8","shape":[1],"data_offsets":[0]}}"#, 1, 0),
      (#"{"t":{"a":"text"}}"#, 0, nil),
      (#"{"t":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}"#, 2, 0),
      (#"{"t":{"dtype":"U8","shape":[3],"data_offsets":[0,3]}}"#, 2, 0),
      (#"{"t":{"dtype":"U8","shape":[2],"data_offsets":[0,3]}}"#, 3, 0),
      (#"{"t":{"dtype":"U8","shape":[-1],"data_offsets":[0,1]}}"#, 1, 0),
      (#"{"t":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}"#, 2, 1),
      (#"{"t":{"dtype":"F32","shape":[9223372036854775807],"data_offsets":[0,1]}}"#, 1, 0),
      (#"{"t":{"dtype":"U8","shape":[4294967296,4294967296],"data_offsets":[0,0]}}"#, 0, 0),
      (#"{"t":{"dtype":"U8","shape":[-1,-1],"data_offsets":[0,1]}}"#, 1, 0),
      (#"{"t":{"dtype":"U8","shape":[9223372036854775808],"data_offsets":[0,1]}}"#, 1, nil),
      (#"{"t":{"dtype":"U8","shape":[1],"data_offsets":[-1,0]}}"#, 1, 0),
      (#"{"t":{"dtype":"U8","shape":[1],"data_offsets":[0,-9223372036854775808]}}"#, 1, 0),
      (#"{"t":{"dtype":"U8","shape":[1],"data_offsets":[0,9223372036854775807]}}"#, 1, 0),
      // Overlapping, with a gap between, and twice of one name.
      (
        #"{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"#
          + #""b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}"#, 3, 2
      ),
      (
        #"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"#
          + #""b":{"dtype":"U8","shape":[1],"data_offsets":[2,3]}}"#, 3, 1
      ),
      (
        #"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"#
          + #""a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}"#, 1, nil
      ),
      (#"{"__metadata__":{"trial":"a","trial":"b"}}"#, 0, nil),
      (#"{"t":{"dtype":"U8","shape":[1],"shape":[1],"data_offsets":[0,1]}}"#, 1, nil),
      (#"{"t":{"dtype":"U8","shape":[1],"data_offsets":[0,1],"more":{}}}"#, 1, nil),
      (#"{"__metadata__":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}"#, 1, nil),
      ("{\"__metadata__\":{\"k\":\"a\u{0}\"}}", 0, nil),
      ("{\"t\":" + String(repeating: "[", count: 100_000), 0, nil),
    ] as [(String, Int, Int?)])
  func malformedHeader(header: String, dataCount: Int, dataOffset: Int?) throws {
    let file = Self.file(header, dataCount: dataCount)
    try expectRefusal(of: file, at: dataOffset.map { 8 + header.utf8.count + $0 } ?? 8)
  }

  @Test("colons, quotes and backslashes in strings are not counted as keys")
  func text() throws {
    let header = #"{ "__metadata__" : {"a:\"b": ":\\", "\\": "\u003a"} }  "#
    let file = try Safetensors(parsing: Self.file(header, dataCount: 0))
    #expect(file.metadata == ["a:\"b": ":\\", "\\": ":"])
  }

  @Test("a header that is no JSON is refused in words, and a pipe in a file's place at once")
  func words() throws {
    let error = #expect(throws: SafetensorsError.self) {
      try Safetensors(parsing: Self.file(#"{"a": }"#, dataCount: 0))
    }
    let words = "\(try #require(error))"
    #expect(words.contains("expected a safetensors header"), "\(words)")
    #expect(!words.contains("DecodingError") && !words.contains("Debug description"), "\(words)")
    let folder = try TemporaryFolder()
    let pipe = folder.file("pipe")
    #expect(mkfifo(pipe.path, 0o600) == 0)
    #expect(throws: (any Error).self) { try Safetensors.Header(contentsOf: pipe) }
    #expect(throws: (any Error).self) { try Safetensors(contentsOf: pipe) }
  }

  @Test("a header may have at most a mebibyte")
  func longest() throws {
    let header = "{}" + String(repeating: " ", count: Safetensors.Header.maximumByteCount - 2)
    #expect(try Safetensors(parsing: Self.file(header, dataCount: 0)).tensors == [])
    try expectRefusal(of: Self.file(header + " ", dataCount: 0), at: 0)
  }

  @Test("a slice of data is read like a file")
  func slice() throws {
    let file = Self.sample.encoded()
    #expect(
      try Safetensors(parsing: (Data([1, 2, 3]) + file).dropFirst(3))
        == Safetensors(parsing: file))
  }

  @Test("the header gives the position of each tensor")
  func headerAlone() throws {
    let file = Self.sample.encoded()
    let url = try folder.file("model", holding: Array(file))
    let header = try Safetensors.Header(contentsOf: url)
    #expect(header.metadata == Self.sample.metadata)
    let whole = try Safetensors(contentsOf: url)
    #expect(header.tensors.map(\.name) == whole.tensors.map(\.name))
    for (descriptor, tensor) in zip(header.tensors, whole.tensors) {
      #expect(descriptor.elementType == tensor.elementType)
      #expect(descriptor.shape == tensor.shape)
      #expect(file[descriptor.range] == tensor.bytes)
    }
    let absent = folder.file("absent")
    #expect {
      try Safetensors.Header(contentsOf: absent)
    } throws: {
      "\($0)".hasPrefix("\(absent.path): open failed: No such file or directory")
    }
  }

  /// A file of a header and as many zeros.
  private static func file(_ header: String, dataCount: Int) -> Data {
    withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Data($0) }
      + Data(header.utf8) + Data(repeating: 0, count: dataCount)
  }

  /// Expects that the bytes, and the header of a file of them, are refused with the same error.
  private func expectRefusal(of file: Data, at offset: Int) throws {
    let error = try #require(
      #expect(throws: SafetensorsError.self) { try Safetensors(parsing: file) })
    #expect(error.offset == offset)
    #expect(error.description.hasPrefix("at byte \(offset): found "))
    let url = try folder.file("malformed", holding: Array(file))
    let alone = #expect(throws: SafetensorsError.self) {
      try Safetensors.Header(contentsOf: url)
    }
    #expect(alone?.offset == offset)
  }

  @Test("a truncated file is refused")
  func truncated() {
    let whole = Self.sample.encoded()
    for count in stride(from: 0, to: whole.count, by: 13) {
      #expect(throws: SafetensorsError.self) {
        try Safetensors(parsing: whole.prefix(count))
      }
    }
  }
}
