import Trials

/// The declared tensors of a network; sizes, offsets, views, checkpoints and optimiser state derive
/// from it.
struct TensorList {
  /// Trained tensors, contiguous in one flat array in this order.
  private(set) var trained: [TensorDescriptor] = []
  /// Running means and variances, contiguous in a second flat array in this order.
  private(set) var statistics: [TensorDescriptor] = []

  /// Elements of all trained tensors.
  var trainedCount: Int { trained.last?.range.upperBound ?? 0 }
  /// Elements of all running statistics.
  var statisticsCount: Int { statistics.last?.range.upperBound ?? 0 }

  /// Declares every tensor of the network, encoder first, in the order of the forward pass.
  init(shape: NetworkShape) {
    for (index, layer) in shape.encoder.enumerated() {
      addConvolution("encoder.conv\(index + 1)", layer)
      addNorm("encoder.norm\(index + 1)", channels: layer.outputChannels)
    }
    addLinear("encoder.linear1", inputs: shape.flatCount, outputs: shape.hidden)
    addLinear("encoder.linear2", inputs: shape.hidden, outputs: 2 * shape.latents)
    addLinear("decoder.linear1", inputs: shape.latents, outputs: shape.hidden)
    addLinear("decoder.linear2", inputs: shape.hidden, outputs: shape.flatCount)
    for (index, layer) in shape.decoder.enumerated() {
      addNorm("decoder.norm\(index + 1)", channels: layer.inputChannels)
      addConvolution("decoder.conv\(index + 1)", layer)
    }
  }

  private mutating func addConvolution(_ name: String, _ layer: NetworkShape.Convolution) {
    let size = layer.kernelSize
    addLayer(
      name, weightShape: [layer.outputChannels, layer.inputChannels, size, size],
      fanIn: layer.inputChannels * size * size)
  }

  private mutating func addLinear(_ name: String, inputs: Int, outputs: Int) {
    addLayer(name, weightShape: [outputs, inputs], fanIn: inputs)
  }

  private mutating func addLayer(_ name: String, weightShape: [Int], fanIn: Int) {
    Self.append("\(name).weight", weightShape, .weight, fanIn: fanIn, to: &trained)
    Self.append("\(name).bias", [weightShape[0]], .bias, fanIn: fanIn, to: &trained)
  }

  private mutating func addNorm(_ name: String, channels: Int) {
    Self.append("\(name).weight", [channels], .normScale, fanIn: 0, to: &trained)
    Self.append("\(name).bias", [channels], .normShift, fanIn: 0, to: &trained)
    Self.append("\(name).running_mean", [channels], .runningMean, fanIn: 0, to: &statistics)
    Self.append("\(name).running_var", [channels], .runningVariance, fanIn: 0, to: &statistics)
  }

  private static func append(
    _ name: String, _ shape: [Int], _ role: TensorDescriptor.Role, fanIn: Int,
    to list: inout [TensorDescriptor]
  ) {
    let offset = list.last?.range.upperBound ?? 0
    list.append(
      TensorDescriptor(name: name, shape: shape, role: role, fanIn: fanIn, offset: offset))
  }
}
