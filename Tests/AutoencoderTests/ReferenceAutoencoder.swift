import Autoencoder
import Primitives
import Trials

/// The whole network in double, assembled from the reference operations.
///
/// Images are upsampled and flattened as in PyTorch; tensors are addressed by name.
struct ReferenceAutoencoder {
  let shape: NetworkShape
  let settings: AutoencoderSettings
  let batch: Int
  /// Values by name, in the tensors' own order.
  var tensors: [String: [Double]]

  /// The intermediate results of a forward pass of one half of the network.
  struct Trace {
    /// Sources of the convolutions, and of the first linear layer behind the encoder's.
    var sources: [[Double]] = []
    /// Outputs of the leaky ReLUs behind (encoder) or before (decoder) the batch norms.
    var activations: [[Double]] = []
    /// Source and output of the linear layers: source, hidden, result.
    var linear: [[Double]] = []
    /// Batch statistics by the name of the batch norm.
    var statistics: [String: (mean: [Double], variance: [Double])] = [:]
  }

  private func tensor(_ name: String) -> [Double] {
    guard let values = tensors[name] else { preconditionFailure("there is a tensor \(name)") }
    return values
  }

  /// `[B, pixels, channels]` to `[B, channels, pixels]`, or back with the extents exchanged.
  private func exchange(_ values: [Double], _ first: Int, _ second: Int) -> [Double] {
    var result = values
    for image in 0..<batch {
      for i in 0..<first {
        for j in 0..<second {
          result[(image * second + j) * first + i] = values[(image * first + i) * second + j]
        }
      }
    }
    return result
  }

  private func addingBias(_ values: [Double], _ name: String) -> [Double] {
    let bias = tensor(name)
    return values.enumerated().map { $1 + bias[$0 % bias.count] }
  }

  private func channelSums(_ values: [Double], _ channels: Int) -> [Double] {
    var sums = [Double](repeating: 0, count: channels)
    for (index, value) in values.enumerated() { sums[index % channels] += value }
    return sums
  }

  private func leaky(_ values: [Double]) -> [Double] {
    ReferenceActivations.leakyReLU(values, slope: settings.leakySlope)
  }

  private func leakyGradient(_ dst: [Double], _ diff: [Double]) -> [Double] {
    ReferenceActivations.leakyReLUGradient(dst: dst, diffDst: diff, slope: settings.leakySlope)
  }

  private func norm(_ name: String, _ src: [Double], _ trace: inout Trace, running: Bool)
    -> [Double]
  {
    let scale = tensor("\(name).weight")
    let operation = ReferenceBatchNorm(
      channels: scale.count, epsilon: settings.batchNormEpsilon)
    let batchStatistics = operation.statistics(src: src)
    trace.statistics[name] = batchStatistics
    return operation.forward(
      src: src, scale: scale, shift: tensor("\(name).bias"),
      mean: running ? tensor("\(name).running_mean") : batchStatistics.mean,
      variance: running ? tensor("\(name).running_var") : batchStatistics.variance)
  }

  private func normGradient(
    _ name: String, src: [Double], diff: [Double], _ gradients: inout [String: [Double]]
  ) -> [Double] {
    let scale = tensor("\(name).weight")
    let result = ReferenceBatchNorm(channels: scale.count, epsilon: settings.batchNormEpsilon)
      .backward(src: src, scale: scale, diffDst: diff)
    gradients["\(name).weight"] = result.scale
    gradients["\(name).bias"] = result.shift
    return result.src
  }

  private func linearGradient(
    _ name: String, _ layer: ReferenceLinear, src: [Double], diff: [Double],
    _ gradients: inout [String: [Double]]
  ) -> [Double] {
    let result = layer.backward(src: src, weights: tensor("\(name).weight"), diffDst: diff)
    gradients["\(name).weight"] = result.weights
    gradients["\(name).bias"] = result.bias
    return result.src
  }

  private func linear(_ inputs: Int, _ outputs: Int) -> ReferenceLinear {
    ReferenceLinear(batch: batch, inputs: inputs, outputs: outputs)
  }

  private func encoderConvolution(_ index: Int) -> ReferenceConvolution {
    let layer = shape.encoder[index]
    return ReferenceConvolution(
      ConvolutionGeometry(
        batch: batch, inputChannels: layer.inputChannels, outputChannels: layer.outputChannels,
        inputSize: layer.inputSize, kernelSize: layer.kernelSize, stride: layer.stride,
        padding: layer.padding))
  }

  private func decoderConvolution(_ index: Int) -> ReferenceConvolution {
    let layer = shape.decoder[index]
    return ReferenceConvolution(
      ConvolutionGeometry(
        batch: batch, inputChannels: layer.inputChannels, outputChannels: layer.outputChannels,
        inputSize: 2 * layer.inputSize, kernelSize: layer.kernelSize, stride: layer.stride,
        padding: layer.padding))
  }

  private func upsampling(_ index: Int) -> ReferenceUpsampling {
    let layer = shape.decoder[index]
    return ReferenceUpsampling(batch: batch, size: layer.inputSize, channels: layer.inputChannels)
  }
}

extension ReferenceAutoencoder {
  /// μ and ℓ of the images, `[B, 2n]`.
  func encode(_ images: [Double], running: Bool = false) -> (posterior: [Double], trace: Trace) {
    var trace = Trace()
    var values = images
    for index in shape.encoder.indices {
      trace.sources.append(values)
      let sums = encoderConvolution(index).forward(
        src: values, weights: tensor("encoder.conv\(index + 1).weight"))
      let activation = leaky(addingBias(sums, "encoder.conv\(index + 1).bias"))
      trace.activations.append(activation)
      values = norm("encoder.norm\(index + 1)", activation, &trace, running: running)
    }
    let channels = shape.encoder.last?.outputChannels ?? 1
    let flat = exchange(values, shape.flatCount / channels, channels)
    let hidden = leaky(
      linear(shape.flatCount, shape.hidden).forward(
        src: flat, weights: tensor("encoder.linear1.weight"), bias: tensor("encoder.linear1.bias")))
    let posterior = linear(shape.hidden, 2 * shape.latents).forward(
      src: hidden, weights: tensor("encoder.linear2.weight"), bias: tensor("encoder.linear2.bias"))
    trace.linear = [flat, hidden, posterior]
    return (posterior, trace)
  }

  /// The gradients of the encoder's tensors from that of the posterior, `[B, 2n]`.
  func encodeBackward(_ trace: Trace, posteriorGradient: [Double]) -> [String: [Double]] {
    var gradients: [String: [Double]] = [:]
    var diff = linearGradient(
      "encoder.linear2", linear(shape.hidden, 2 * shape.latents), src: trace.linear[1],
      diff: posteriorGradient, &gradients)
    diff = linearGradient(
      "encoder.linear1", linear(shape.flatCount, shape.hidden), src: trace.linear[0],
      diff: leakyGradient(trace.linear[1], diff), &gradients)
    let channels = shape.encoder.last?.outputChannels ?? 1
    diff = exchange(diff, channels, shape.flatCount / channels)
    for index in shape.encoder.indices.reversed() {
      let activation = trace.activations[index]
      diff = normGradient("encoder.norm\(index + 1)", src: activation, diff: diff, &gradients)
      diff = leakyGradient(activation, diff)
      let name = "encoder.conv\(index + 1)"
      gradients["\(name).bias"] = channelSums(diff, shape.encoder[index].outputChannels)
      let convolution = encoderConvolution(index)
      gradients["\(name).weight"] = convolution.backwardWeights(
        src: trace.sources[index], diffDst: diff)
      diff = convolution.backwardData(diffDst: diff, weights: tensor("\(name).weight"))
    }
    return gradients
  }

  /// The reconstructions of latents, `[B, n]`.
  func decode(
    _ latents: [Double], running: Bool = false
  ) -> (reconstruction: [Double], trace: Trace) {
    var trace = Trace()
    let hidden = leaky(
      linear(shape.latents, shape.hidden).forward(
        src: latents, weights: tensor("decoder.linear1.weight"),
        bias: tensor("decoder.linear1.bias")))
    let flat = leaky(
      linear(shape.hidden, shape.flatCount).forward(
        src: hidden, weights: tensor("decoder.linear2.weight"),
        bias: tensor("decoder.linear2.bias")))
    trace.linear = [latents, hidden, flat]
    let channels = shape.decoder.first?.inputChannels ?? 1
    var values = exchange(flat, channels, shape.flatCount / channels)
    for index in shape.decoder.indices {
      trace.activations.append(values)
      let normalized = norm("decoder.norm\(index + 1)", values, &trace, running: running)
      let upsampled = upsampling(index).forward(src: normalized)
      trace.sources.append(upsampled)
      let sums = addingBias(
        decoderConvolution(index).forward(
          src: upsampled, weights: tensor("decoder.conv\(index + 1).weight")),
        "decoder.conv\(index + 1).bias")
      let isLast = index + 1 == shape.decoder.count
      values = isLast ? ReferenceActivations.sigmoid(sums) : leaky(sums)
    }
    return (values, trace)
  }

  /// The gradients of `scale` times the mean squared error of an image: those of the decoder's
  /// tensors, and of the latents under the name "latents".
  func decodeBackward(
    _ trace: Trace, reconstruction: [Double], images: [Double], scale: Double
  ) -> [String: [Double]] {
    var gradients: [String: [Double]] = [:]
    var diff = ReferenceActivations.sigmoidSquaredErrorGradient(
      reconstruction: reconstruction, target: images
    ).map { $0 * scale / Double(batch) }
    for index in shape.decoder.indices.reversed() {
      let name = "decoder.conv\(index + 1)"
      gradients["\(name).bias"] = channelSums(diff, shape.decoder[index].outputChannels)
      let convolution = decoderConvolution(index)
      gradients["\(name).weight"] = convolution.backwardWeights(
        src: trace.sources[index], diffDst: diff)
      diff = upsampling(index).backward(
        diffDst: convolution.backwardData(diffDst: diff, weights: tensor("\(name).weight")))
      let activation = trace.activations[index]
      diff = normGradient("decoder.norm\(index + 1)", src: activation, diff: diff, &gradients)
      diff = leakyGradient(activation, diff)
    }
    let channels = shape.decoder.first?.inputChannels ?? 1
    diff = exchange(diff, shape.flatCount / channels, channels)
    diff = linearGradient(
      "decoder.linear2", linear(shape.hidden, shape.flatCount), src: trace.linear[1], diff: diff,
      &gradients)
    gradients["latents"] = linearGradient(
      "decoder.linear1", linear(shape.latents, shape.hidden), src: trace.linear[0],
      diff: leakyGradient(trace.linear[1], diff), &gradients)
    return gradients
  }
}
