import Foundation
import Testing

@testable import Narrowing

@Suite("Safetensors files")
struct SafetensorsTests {
  private static let sample = Safetensors(
    metadata: ["step": "7", "text": "with \"quotes\" and a / slash"],
    tensors: [
      Safetensors.Tensor(name: "bytes", shape: [3], elements: [1, 2, 255] as [UInt8]),
      Safetensors.Tensor(name: "a.weight", shape: [2, 2], elements: [1, -0.5, .pi, 0] as [Float]),
      Safetensors.Tensor(name: "scalar", shape: [], elements: [Int64.min]),
      Safetensors.Tensor(name: "logit", shape: [2], elements: [0.42, 1e-300]),
      Safetensors.Tensor(name: "empty", shape: [0, 4], elements: [] as [Float]),
    ])

  @Test("what is written reads back, larger elements first")
  func roundTrip() throws {
    let file = try Safetensors(parsing: Self.sample.encoded(), path: "x")
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
    "a malformed beginning is refused, with the place",
    arguments: [
      ([1, 2, 3], 3),
      ([1, 0, 0, 0, 0, 0, 0, 0, 0x7b, 0x7d], 0),
      ([3, 0, 0, 0, 0, 0, 0, 0, 0x7b, 0x7d], 0),
      ([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7b, 0x7d], 0),
      ([2, 0, 0, 0, 0, 0, 0, 0, 0x5b, 0x5d], 8),
      ([2, 0, 0, 0, 0, 0, 0, 0, 0x7b, 0x7b], 8),
    ] as [([UInt8], Int)])
  func malformedBeginning(bytes: [UInt8], offset: Int) {
    expectRefusal(of: Data(bytes), at: offset)
  }

  @Test(
    "a header that does not describe the data is refused, with the place",
    arguments: [
      (#"{"t":{"dtype":"BF16","shape":[1],"data_offsets":[0,2]}}"#, 2, nil),
      (#"{"t":{"dtype":"U8","shape":[1],"data_offsets":[0]}}"#, 1, nil),
      (#"{"t":{"a":"text"}}"#, 0, nil),
      (#"{"t":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}"#, 2, 0),
      (#"{"t":{"dtype":"U8","shape":[3],"data_offsets":[0,3]}}"#, 2, 0),
      (#"{"t":{"dtype":"U8","shape":[2],"data_offsets":[0,3]}}"#, 3, 0),
      (#"{"t":{"dtype":"U8","shape":[-1],"data_offsets":[0,1]}}"#, 1, 0),
      (#"{"t":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}"#, 2, 1),
      (#"{"t":{"dtype":"F32","shape":[9223372036854775807],"data_offsets":[0,1]}}"#, 1, 0),
    ] as [(String, Int, Int?)])
  func malformedHeader(header: String, dataCount: Int, dataOffset: Int?) {
    var file = withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Data($0) }
    file += Data(header.utf8) + Data(repeating: 0, count: dataCount)
    expectRefusal(of: file, at: dataOffset.map { 8 + header.utf8.count + $0 } ?? 8)
  }

  private func expectRefusal(of file: Data, at offset: Int) {
    let error = #expect(throws: SafetensorsError.self) {
      try Safetensors(parsing: file, path: "model.safetensors")
    }
    #expect(error?.offset == offset)
    #expect(error?.description.hasPrefix("model.safetensors: at byte \(offset): found ") == true)
  }

  @Test("a file cut anywhere is refused")
  func truncated() {
    let whole = Self.sample.encoded()
    for count in stride(from: 0, to: whole.count, by: 13) {
      #expect(throws: SafetensorsError.self) {
        try Safetensors(parsing: whole.prefix(count), path: "x")
      }
    }
  }
}
