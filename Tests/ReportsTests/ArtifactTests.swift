import Foundation
import TestSupport
import Testing
import Trials

@testable import Reports

@Suite("Files of trials")
struct ArtifactTests {
  @Test("The joined trajectory keeps every digit and has the speed at each step")
  func joined() throws {
    let trajectory = try TrajectoryTable(
      Data(
        """
        step,squared_error,mse,constraint_average,multiplier,tolerance_hits,gates_open,\
        expected_open,kl,gate_0
        1,1.50,2e-07,0,1,0,1,0.95,3.1,0.95
        500,1.25,0.30000000000000004,0,1,0.5,1,0.95,3.1,0.95

        """.utf8))
    let pace = try PaceTable(Data("step,seconds,steps_per_second\n500,10,49.80\n".utf8))
    #expect(trajectory.gateCount == 1)
    #expect(trajectory.numbers("mse") == [2e-07, 0.1 + 0.2])
    #expect(
      String(decoding: trajectory.joined(with: pace), as: UTF8.self) == """
        step,squared_error,mse,constraint_average,multiplier,tolerance_hits,gates_open,\
        expected_open,kl,gate_0,steps_per_second
        1,1.50,2e-07,0,1,0,1,0.95,3.1,0.95,
        500,1.25,0.30000000000000004,0,1,0.5,1,0.95,3.1,0.95,49.80

        """)
  }

  @Test(
    "A malformed trajectory is refused with its line",
    arguments: [
      ("", "line 1"), ("step,mse\n1,2\n", "line 1"),
      (header + "\n1,2,3\n", "line 2"),
      (header + "\n1,2,3,4,5,6,7,8,9\n1,2,3,4,x,6,7,8,9\n", "line 3"),
    ])
  func malformedTrajectory(text: String, place: String) {
    let error = #expect(throws: FormatError.self) { try TrajectoryTable(Data(text.utf8)) }
    #expect(error?.place == place)
  }

  private static let header = TrajectoryText.fixedColumns.joined(separator: ",")

  @Test("Images are read only from byte tensors of the right shape")
  func reconstructions() throws {
    let images = try Reconstructions(
      SampleSweep.reconstructions([([1, 2, 3, 4], [5, 6, 7, 8])], side: 2))
    #expect(images.originals == [Raster(width: 2, height: 2, channels: 1, bytes: [1, 2, 3, 4])])
    #expect(images.reconstructions[0].bytes == [5, 6, 7, 8])
  }

  @Test(
    "A malformed reconstructions file is refused",
    arguments: [
      Data([1, 2, 3]),
      Data([255, 255, 255, 255, 255, 255, 255, 127]),
      SampleSweep.safetensors(header: "not json", body: []),
      SampleSweep.safetensors(header: "{}", body: []),
      tensors(dtype: "F32", shape: "[1,1,1,1]", offsets: "[0,1]"),
      tensors(dtype: "U8", shape: "[1,1,1,2]", offsets: "[0,1]"),
      tensors(dtype: "U8", shape: "[1,1,1,1]", offsets: "[1,2]"),
      tensors(dtype: "U8", shape: "[1,1,1]", offsets: "[0,1]"),
      tensors(dtype: "U8", shape: "[9223372036854775807,2,1,1]", offsets: "[0,1]"),
      tensors(dtype: "U8", shape: "[-1,-1,1,1]", offsets: "[0,1]"),
    ])
  func malformedReconstructions(data: Data) {
    #expect(throws: FormatError.self) { try Reconstructions(data) }
  }

  private static func tensors(dtype: String, shape: String, offsets: String) -> Data {
    let entry = "{\"dtype\":\"\(dtype)\",\"shape\":\(shape),\"data_offsets\":\(offsets)}"
    return SampleSweep.safetensors(
      header: "{\"originals\":\(entry),\"reconstructions\":\(entry)}", body: [7])
  }

  @Test("A PNG decodes to the image it was made from", arguments: [1, 3])
  func png(channels: Int) throws {
    let bytes = (0..<5 * 4 * channels).map { UInt8(truncatingIfNeeded: $0 * 37) }
    let raster = Raster(width: 5, height: 4, channels: channels, bytes: bytes)
    let file = raster.png
    #expect(file == raster.png)
    let decoded = try #require(DecodedPNG(file))
    #expect((decoded.width, decoded.height, decoded.channels) == (5, 4, channels))
    #expect(decoded.bytes == bytes)
  }

  @Test("The strip has the originals above their reconstructions, on white")
  func strip() throws {
    let images = try Reconstructions(
      SampleSweep.reconstructions([([10], [20]), ([30], [40])], side: 1))
    let strip = images.strip
    let scale = 56
    #expect(strip.width == 2 * 3 * scale + 2 * scale)
    #expect(strip.height == 2 * 3 * scale + 2 * scale)
    func value(_ column: Int, _ row: Int) -> UInt8 {
      strip.bytes[(row * scale + scale / 2) * strip.width + column * scale + scale / 2]
    }
    #expect(value(2, 2) == 10)
    #expect(value(5, 2) == 30)
    #expect(value(2, 5) == 20)
    #expect(value(5, 5) == 40)
    #expect(value(0, 0) == 255)
    #expect(value(3, 2) == 255)
  }
}
