import Primitives
import Trials

/// The encoder, from images to posterior: convolution → leaky ReLU → batch norm, three or four
/// times, then two linear layers with a leaky ReLU between them.
final class Encoder {
  /// One convolution with its leaky ReLU and batch norm.
  private struct Block {
    let convolution: Convolution
    let weight: TrainedTensor
    let bias: TrainedTensor
    let norm: NormLayer
  }

  private let blocks: [Block]
  private let linear1: LinearLayer
  private let linear2: LinearLayer
  private let leaky: LeakyReLU
  private let memory: ActivationMemory
  private let scratch: ScratchParts
  private let batchSize: Int
  private let hiddenCount: Int
  private let order: FlatOrder
  private let images: ActivationMemory.Part
  /// Source of the first linear layer, `[B, flatCount]`, and its gradient.
  private let flat: ActivationMemory.Part
  private let flatGradient: ActivationMemory.Part
  /// Output of the first linear layer's leaky ReLU, `[B, hidden]`.
  private let hidden: ActivationMemory.Part
  private let hiddenGradient: ActivationMemory.Part
  /// μ and ℓ side by side, `[B, 2n]`.
  private let posterior: ActivationMemory.Part
  private let posteriorGradient: ActivationMemory.Part

  /// Creates the operations and reserves memory for activations.
  init(
    _ context: ComputeContext, shape: NetworkShape, batchSize: Int, settings: AutoencoderSettings,
    tensors: TensorMemory, memory: ActivationMemory, images: ActivationMemory.Part,
    scratch: ScratchParts
  ) {
    var blocks: [Block] = []
    for (index, layer) in shape.encoder.enumerated() {
      let geometry = ConvolutionGeometry(
        batch: batchSize, inputChannels: layer.inputChannels,
        outputChannels: layer.outputChannels, inputSize: layer.inputSize,
        kernelSize: layer.kernelSize, stride: layer.stride, padding: layer.padding)
      blocks.append(
        Block(
          convolution: Convolution(context, geometry, leakySlope: Float(settings.leakySlope)),
          weight: tensors.trained("encoder.conv\(index + 1).weight"),
          bias: tensors.trained("encoder.conv\(index + 1).bias"),
          norm: NormLayer(
            context, name: "encoder.norm\(index + 1)", batchSize: batchSize,
            size: layer.outputSize, channels: layer.outputChannels, settings: settings,
            tensors: tensors, memory: memory)))
    }
    guard let last = shape.encoder.last else { preconditionFailure("an encoder has convolutions") }
    self.blocks = blocks
    linear1 = LinearLayer(
      context, name: "encoder.linear1", batchSize: batchSize, inputs: shape.flatCount,
      outputs: shape.hidden, leakySlope: settings.leakySlope, tensors: tensors)
    linear2 = LinearLayer(
      context, name: "encoder.linear2", batchSize: batchSize, inputs: shape.hidden,
      outputs: 2 * shape.latents, leakySlope: nil, tensors: tensors)
    leaky = LeakyReLU(context, slope: Float(settings.leakySlope))
    self.memory = memory
    self.scratch = scratch
    self.batchSize = batchSize
    self.images = images
    hiddenCount = batchSize * shape.hidden
    order = FlatOrder(
      context, batchSize: batchSize, channels: last.outputChannels, size: last.outputSize)
    flat = memory.reserve(batchSize * shape.flatCount)
    flatGradient = memory.reserve(batchSize * shape.flatCount)
    hidden = memory.reserve(hiddenCount)
    hiddenGradient = memory.reserve(hiddenCount)
    posterior = memory.reserve(batchSize * 2 * shape.latents)
    posteriorGradient = memory.reserve(batchSize * 2 * shape.latents)
  }

  /// The updates after a change of the tensors, one per layer; they may run in any order or in
  /// parallel.
  var takingParameters: [() -> Void] {
    blocks.map { block in { block.convolution.updateWeights(from: block.weight.value) } }
      + [linear1.parametersChanged, linear2.parametersChanged]
  }

  /// Computes the posterior of the images into `mean` and `logVariance`, `[B, n]` each.
  func forward(
    _ mode: BatchNorm.Mode, mean: UnsafeMutableBufferPointer<Float>,
    logVariance: UnsafeMutableBufferPointer<Float>
  ) {
    var source = NormalizedImages(memory[images])
    for (index, block) in blocks.enumerated() {
      let activation = memory[block.norm.activation]
      block.convolution.forward(
        src: source, bias: block.bias.value, dst: activation,
        measuring: mode == .inference ? nil : block.norm.norm)
      let coefficients = block.norm.norm.update(mode)
      source = NormalizedImages(activation, coefficients)
      if index + 1 == blocks.count {
        block.norm.norm.normalize(src: activation, with: coefficients, dst: memory[scratch.first])
      }
    }
    order.flatten(memory[scratch.first], to: memory[flat])
    linear1.forward(src: memory[flat], dst: memory[hidden])
    linear2.forward(src: memory[hidden], dst: memory[posterior])
    let latents = mean.count / batchSize
    let both = memory.elements(posterior)
    for row in 0..<batchSize {
      for column in 0..<latents {
        mean[row * latents + column] = both[2 * row * latents + column]
        logVariance[row * latents + column] = both[(2 * row + 1) * latents + column]
      }
    }
  }

  /// Overwrites the gradients of the encoder's tensors, from the gradients with respect to the
  /// posterior of the latest training pass, `[B, n]` each.
  func backward(
    meanGradient: UnsafeMutableBufferPointer<Float>,
    logVarianceGradient: UnsafeMutableBufferPointer<Float>
  ) {
    let latents = meanGradient.count / batchSize
    let both = memory.elements(posteriorGradient)
    for row in 0..<batchSize {
      for column in 0..<latents {
        both[2 * row * latents + column] = meanGradient[row * latents + column]
        both[(2 * row + 1) * latents + column] = logVarianceGradient[row * latents + column]
      }
    }
    linear2.backward(
      src: memory[hidden], diffDst: memory[posteriorGradient], diffSrc: memory[hiddenGradient])
    leaky.backward(dst: memory[hidden], diff: memory[hiddenGradient], count: hiddenCount)
    linear1.backward(
      src: memory[flat], diffDst: memory[hiddenGradient], diffSrc: memory[flatGradient])
    guard let last = blocks.last else { return }
    var gradient = memory[scratch.first]
    var other = memory[scratch.second]
    order.unflatten(memory[flatGradient], to: gradient)
    last.norm.norm.measureGradient(diffDst: gradient, src: memory[last.norm.activation])
    for (index, block) in blocks.enumerated().reversed() {
      block.norm.updateGradients()
      let before = index > 0 ? blocks[index - 1].norm : nil
      block.convolution.backward(
        src: before?.keptImages ?? NormalizedImages(memory[images]), diffDst: gradient,
        through: block.norm.source, diffWeights: block.weight.gradient,
        diffBias: block.bias.gradient, diffSrc: before == nil ? nil : other,
        measuring: before?.source)
      swap(&gradient, &other)
    }
  }
}
