import Autoencoder
import Testing
import Trials

@Suite("Declared tensors")
struct TensorListTests {
  @Test("tensors are contiguous and cover their arrays", arguments: [28, 64])
  func layout(size: Int) throws {
    let network = size == 28 ? SmallNetwork.digits : .shapes
    let autoencoder = try Autoencoder(
      shape: network.shape(), batchSize: 2, settings: AutoencoderSettings())
    for (list, count) in [
      (autoencoder.tensors, autoencoder.parameters.count),
      (autoencoder.statistics, autoencoder.runningStatistics.count),
    ] {
      var end = 0
      for tensor in list {
        #expect(tensor.offset == end)
        end = tensor.range.upperBound
      }
      #expect(end == count)
    }
    #expect(autoencoder.gradients.count == autoencoder.parameters.count)
    #expect(Set(autoencoder.tensors.map(\.name)).count == autoencoder.tensors.count)
  }

  @Test("names, shapes, roles and fan-in are those of the PyTorch module")
  func names() throws {
    let autoencoder = try Autoencoder(
      shape: SmallNetwork.digits.shape(), batchSize: 2, settings: AutoencoderSettings())
    func describe(_ tensor: TensorDescriptor) -> String {
      "\(tensor.name) \(tensor.shape) \(tensor.role) \(tensor.fanIn)"
    }
    #expect(
      autoencoder.tensors.filter { $0.name.hasSuffix("weight") }.map(describe) == [
        "encoder.conv1.weight [4, 1, 4, 4] weight 16",
        "encoder.norm1.weight [4] normScale 0",
        "encoder.conv2.weight [4, 4, 3, 3] weight 36",
        "encoder.norm2.weight [4] normScale 0",
        "encoder.conv3.weight [8, 4, 2, 2] weight 16",
        "encoder.norm3.weight [8] normScale 0",
        "encoder.linear1.weight [128, 128] weight 128",
        "encoder.linear2.weight [6, 128] weight 128",
        "decoder.linear1.weight [128, 3] weight 3",
        "decoder.linear2.weight [128, 128] weight 128",
        "decoder.norm1.weight [8] normScale 0",
        "decoder.conv1.weight [4, 8, 2, 2] weight 32",
        "decoder.norm2.weight [4] normScale 0",
        "decoder.conv2.weight [4, 4, 3, 3] weight 36",
        "decoder.norm3.weight [4] normScale 0",
        "decoder.conv3.weight [1, 4, 3, 3] weight 36",
      ])
    #expect(autoencoder.tensors[1].name == "encoder.conv1.bias")
    #expect(autoencoder.tensors[1].fanIn == 16)
    #expect(autoencoder.statistics.count == 12)
    #expect(autoencoder.statistics[1].name == "encoder.norm1.running_var")
    #expect(Array(autoencoder.runningStatistics.prefix(8)) == [0, 0, 0, 0, 1, 1, 1, 1])
  }
}
