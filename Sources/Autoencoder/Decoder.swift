import Primitives
import Trials

/// The decoder, from latents to images: two linear layers, each with a leaky ReLU, then batch norm
/// → nearest ×2 upsampling → convolution → leaky ReLU, three or four times, with a sigmoid in place
/// of the last leaky ReLU and the squared error at the end.
final class Decoder {
  /// One upsampled convolution with the batch norm before it.
  private struct Block {
    let norm: NormLayer
    let convolution: UpsampledConvolution
    let weight: TrainedTensor
    let bias: TrainedTensor
  }

  private let linear1: LinearLayer
  private let linear2: LinearLayer
  private let blocks: [Block]
  private let last: SigmoidSquaredError
  private let leaky: LeakyReLU
  private let memory: ActivationMemory
  private let scratch: ScratchParts
  private let batchSize: Int
  private let hiddenCount: Int
  private let order: FlatOrder
  private let images: ActivationMemory.Part
  /// The latents of the latest training pass, `[B, n]`.
  private let keptLatents: ActivationMemory.Part
  /// Output of the first linear layer's leaky ReLU, `[B, hidden]`: of a training pass, and of other
  /// passes (in the backward pass, the gradient).
  private let hidden: ActivationMemory.Part
  private let hiddenScratch: ActivationMemory.Part
  /// Output of the second linear layer's leaky ReLU, `[B, flatCount]`, and its gradient.
  private let flat: ActivationMemory.Part
  /// Gradient of the summed squared error with respect to the sigmoid's input, `[B, H, W, C]`.
  private let errorGradient: ActivationMemory.Part

  /// Creates the operations and reserves memory for activations.
  init(
    _ context: ComputeContext, shape: NetworkShape, batchSize: Int, settings: AutoencoderSettings,
    tensors: TensorMemory, memory: ActivationMemory, images: ActivationMemory.Part,
    scratch: ScratchParts
  ) {
    guard let first = shape.decoder.first else { preconditionFailure("a decoder has convolutions") }
    linear1 = LinearLayer(
      context, name: "decoder.linear1", batchSize: batchSize, inputs: shape.latents,
      outputs: shape.hidden, leakySlope: settings.leakySlope, tensors: tensors)
    linear2 = LinearLayer(
      context, name: "decoder.linear2", batchSize: batchSize, inputs: shape.hidden,
      outputs: shape.flatCount, leakySlope: settings.leakySlope, tensors: tensors)
    var blocks: [Block] = []
    for (index, layer) in shape.decoder.enumerated() {
      blocks.append(
        Block(
          norm: NormLayer(
            context, name: "decoder.norm\(index + 1)", batchSize: batchSize,
            size: layer.inputSize, channels: layer.inputChannels, settings: settings,
            tensors: tensors, memory: memory),
          convolution: UpsampledConvolution(
            context, batch: batchSize, inputChannels: layer.inputChannels,
            outputChannels: layer.outputChannels, inputSize: layer.inputSize,
            kernelSize: layer.kernelSize,
            leakySlope: index + 1 < shape.decoder.count ? Float(settings.leakySlope) : nil),
          weight: tensors.trained("decoder.conv\(index + 1).weight"),
          bias: tensors.trained("decoder.conv\(index + 1).bias")))
    }
    self.blocks = blocks
    last = SigmoidSquaredError(
      context, batch: batchSize, count: images.count / batchSize)
    leaky = LeakyReLU(context, slope: Float(settings.leakySlope))
    self.memory = memory
    self.scratch = scratch
    self.batchSize = batchSize
    self.images = images
    hiddenCount = batchSize * shape.hidden
    order = FlatOrder(
      context, batchSize: batchSize, channels: first.inputChannels, size: first.inputSize)
    flat = memory.reserve(batchSize * shape.flatCount)
    keptLatents = memory.reserve(batchSize * shape.latents)
    hidden = memory.reserve(hiddenCount)
    hiddenScratch = memory.reserve(hiddenCount)
    errorGradient = memory.reserve(images.count)
  }

  /// The updates after a change of the tensors, one per layer; they may run in any order or in
  /// parallel.
  var takingParameters: [() -> Void] {
    [linear1.parametersChanged, linear2.parametersChanged]
      + blocks.map { block in { block.convolution.updateWeights(from: block.weight.value) } }
  }

  /// Decodes `latents`, `[B, n]`, and measures the squared error of each image, `[B]`.
  ///
  /// - Parameter reconstruction: Receives x̂, `[B, H, W, C]`, if given.
  func forward(
    _ mode: BatchNorm.Mode, latents: UnsafeMutableBufferPointer<Float>,
    reconstruction: UnsafeMutablePointer<Float>?, squaredErrors: UnsafeMutablePointer<Double>
  ) {
    // Passes other than training compute in scratch memory, in place if possible.
    let keeps = mode == .training
    var input = UnsafePointer<Float>(latents.baseAddress)
    if keeps {
      _ = memory.elements(keptLatents).update(fromContentsOf: latents)
      input = UnsafePointer(memory[keptLatents])
    }
    guard let input else { preconditionFailure("there are latents") }
    let hidden = keeps ? memory[self.hidden] : memory[hiddenScratch]
    linear1.forward(src: input, dst: hidden)
    linear2.forward(src: hidden, dst: memory[flat])
    var source = keeps ? memory[blocks[0].norm.activation] : memory[scratch.first]
    var other = memory[scratch.second]
    order.unflatten(memory[flat], to: source)
    if mode != .inference { blocks[0].norm.norm.measure(src: source) }
    for (index, block) in blocks.enumerated() {
      let images = NormalizedImages(source, block.norm.norm.update(mode))
      if index + 1 < blocks.count {
        let next = blocks[index + 1].norm
        let activation = keeps ? memory[next.activation] : other
        block.convolution.forward(
          src: images, bias: block.bias.value, dst: activation,
          measuring: mode == .inference ? nil : next.norm)
        other = source
        source = activation
      } else if block.convolution.takesError {
        block.convolution.forwardError(
          src: images, bias: block.bias.value, target: memory[self.images],
          reconstruction: reconstruction, diffDst: keeps ? memory[errorGradient] : nil,
          squaredErrors: squaredErrors)
      } else {
        let output = keeps ? memory[errorGradient] : other
        block.convolution.forward(
          src: images, bias: block.bias.value, dst: output)
        last.forward(
          src: output, target: memory[self.images], reconstruction: reconstruction,
          diffSrc: keeps ? output : nil, squaredErrors: squaredErrors)
      }
    }
  }

  /// Overwrites the gradients of the decoder's tensors and `latentGradient`, `[B, n]`: those of
  /// `errorScale` times the mean squared error of an image in the latest training pass.
  func backward(errorScale: Float, latentGradient: UnsafeMutablePointer<Float>) {
    let scale = errorScale / Float(batchSize)
    var gradient = memory[errorGradient]
    var target = memory[scratch.first]
    var other = memory[scratch.second]
    for (index, block) in blocks.enumerated().reversed() {
      if index + 1 == blocks.count {
        block.convolution.backward(
          src: block.norm.keptImages, diffDst: gradient, scale: scale,
          diffWeights: block.weight.gradient, diffBias: block.bias.gradient, diffSrc: target,
          measuring: block.norm.source)
      } else {
        block.convolution.backward(
          src: block.norm.keptImages, diffDst: gradient,
          through: blocks[index + 1].norm.source, diffWeights: block.weight.gradient,
          diffBias: block.bias.gradient, diffSrc: target, measuring: block.norm.source)
      }
      block.norm.updateGradients()
      gradient = target
      swap(&target, &other)
    }
    blocks[0].norm.norm.backward(diff: gradient, src: memory[blocks[0].norm.activation])
    order.flatten(gradient, to: memory[flat])
    let hiddenGradient = memory[hiddenScratch]
    linear2.backward(src: memory[hidden], diffDst: memory[flat], diffSrc: hiddenGradient)
    leaky.backward(dst: memory[hidden], diff: hiddenGradient, count: hiddenCount)
    linear1.backward(
      src: memory[keptLatents], diffDst: hiddenGradient, diffSrc: latentGradient)
  }
}
