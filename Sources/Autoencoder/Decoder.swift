import Primitives
import Trials

/// Latents to images: two linear layers, each with a leaky ReLU, then batch norm → nearest ×2
/// upsampling → convolution → leaky ReLU, three or four times, with a sigmoid in place of the last
/// leaky ReLU and the squared error at the end.
final class Decoder {
  /// One upsampled convolution with the batch norm before it.
  private struct Block {
    let norm: NormLayer
    let convolution: UpsampledConvolution
    let weight: TrainedTensor
    let bias: TrainedTensor
    /// Source of the batch norm: the output of the previous layer's leaky ReLU.
    let activation: ActivationMemory.Part
    /// Output of the batch norm.
    let normalized: ActivationMemory.Part
  }

  private let linear1: LinearLayer
  private let linear2: LinearLayer
  private let blocks: [Block]
  private let last: SigmoidSquaredError
  private let leaky: LeakyReLU
  private let slope: Float
  private let memory: ActivationMemory
  private let scratch: ScratchParts
  private let batchSize: Int
  private let hiddenCount: Int
  private let images: ActivationMemory.Part
  /// The latents of the latest training pass, `[B, n]`.
  private let keptLatents: ActivationMemory.Part
  /// Output of the first linear layer's leaky ReLU, `[B, hidden]`: of a training pass, and of one
  /// that keeps nothing (in the backward pass, the gradient).
  private let hidden: ActivationMemory.Part
  private let hiddenScratch: ActivationMemory.Part
  /// Gradient of the summed squared error with respect to the sigmoid's input, `[B, H, W, C]`.
  private let errorGradient: ActivationMemory.Part

  /// Creates the operations and reserves memory for activations.
  init(
    _ context: ComputeContext, shape: NetworkShape, batchSize: Int, settings: AutoencoderSettings,
    tensors: TensorMemory, memory: ActivationMemory, images: ActivationMemory.Part,
    scratch: ScratchParts
  ) throws(PrimitiveError) {
    guard let first = shape.decoder.first else { preconditionFailure("a decoder has convolutions") }
    linear1 = try LinearLayer(
      context, name: "decoder.linear1", batchSize: batchSize, inputs: shape.latents,
      outputs: shape.hidden, leakySlope: settings.leakySlope, tensors: tensors)
    linear2 = try LinearLayer(
      context, name: "decoder.linear2", batchSize: batchSize, inputs: shape.hidden,
      outputs: shape.flatCount, leakySlope: settings.leakySlope,
      side: .output(channels: first.inputChannels, pixels: first.inputSize * first.inputSize),
      tensors: tensors)
    var blocks: [Block] = []
    for (index, layer) in shape.decoder.enumerated() {
      let convolution = try UpsampledConvolution(
        context, batch: batchSize, inputChannels: layer.inputChannels,
        outputChannels: layer.outputChannels, inputSize: layer.inputSize,
        kernelSize: layer.kernelSize)
      blocks.append(
        Block(
          norm: NormLayer(
            context, name: "decoder.norm\(index + 1)", batchSize: batchSize,
            size: layer.inputSize, channels: layer.inputChannels, settings: settings,
            tensors: tensors),
          convolution: convolution,
          weight: tensors.trained("decoder.conv\(index + 1).weight"),
          bias: tensors.trained("decoder.conv\(index + 1).bias"),
          activation: memory.reserve(convolution.inputCount),
          normalized: memory.reserve(convolution.inputCount)))
    }
    self.blocks = blocks
    last = SigmoidSquaredError(
      context, batch: batchSize, size: shape.image.height, channels: shape.image.channels)
    slope = Float(settings.leakySlope)
    leaky = LeakyReLU(context, slope: slope)
    self.memory = memory
    self.scratch = scratch
    self.batchSize = batchSize
    self.images = images
    hiddenCount = batchSize * shape.hidden
    keptLatents = memory.reserve(batchSize * shape.latents)
    hidden = memory.reserve(hiddenCount)
    hiddenScratch = memory.reserve(hiddenCount)
    errorGradient = memory.reserve(images.count)
  }

  /// Takes over new values of the tensors.
  func parametersChanged() {
    linear1.parametersChanged()
    linear2.parametersChanged()
    for block in blocks { block.convolution.updateWeights(from: block.weight.value) }
  }

  /// Decodes `latents`, `[B, n]`, and measures the squared error of each image, `[B]`.
  ///
  /// - Parameter reconstruction: Receives x̂, `[B, H, W, C]`, if given.
  func forward(
    _ mode: BatchNorm.Mode, latents: UnsafeMutableBufferPointer<Float>,
    reconstruction: UnsafeMutablePointer<Float>?, squaredErrors: UnsafeMutablePointer<Double>
  ) {
    // A pass that keeps nothing computes in scratch memory, in place where it can.
    let keeps = mode == .training
    var input = UnsafePointer<Float>(latents.baseAddress)
    if keeps {
      _ = memory.elements(keptLatents).update(fromContentsOf: latents)
      input = UnsafePointer(memory[keptLatents])
    }
    guard let input else { preconditionFailure("there are latents") }
    let hidden = keeps ? memory[self.hidden] : memory[hiddenScratch]
    linear1.forward(src: input, dst: hidden)
    var activation = keeps ? memory[blocks[0].activation] : memory[scratch.first]
    linear2.forward(src: hidden, dst: activation)
    for (index, block) in blocks.enumerated() {
      let normalized = keeps ? memory[block.normalized] : activation
      block.norm.forward(mode, src: activation, dst: normalized)
      block.convolution.forward(src: normalized, transposed: memory[scratch.transposed])
      if index + 1 < blocks.count {
        if keeps { activation = memory[blocks[index + 1].activation] }
        block.convolution.boxLeaky(
          transposed: memory[scratch.transposed], bias: block.bias.value, slope: slope,
          dst: activation)
      } else {
        last.forward(
          transposed: memory[scratch.transposed], bias: block.bias.value, target: memory[images],
          reconstruction: reconstruction, diffSrc: keeps ? memory[errorGradient] : nil,
          squaredErrors: squaredErrors)
      }
    }
  }

  /// Overwrites the gradients of the decoder's tensors and `latentGradient`, `[B, n]`: those of
  /// `errorScale` times the mean squared error of an image in the latest training pass.
  func backward(errorScale: Float, latentGradient: UnsafeMutablePointer<Float>) {
    let scale = errorScale / Float(batchSize)
    let gradient = memory[scratch.first]
    let transposed = memory[scratch.transposed]
    for (index, block) in blocks.enumerated().reversed() {
      if index + 1 == blocks.count {
        last.biasGradient(
          diffSrc: memory[errorGradient], scale: scale, diffBias: block.bias.gradient)
        block.convolution.boxBackward(
          diffDst: memory[errorGradient], scale: scale, diffTransposed: transposed)
      } else {
        block.convolution.boxBackward(diffDst: gradient, diffTransposed: transposed)
      }
      block.convolution.backwardWeights(
        src: memory[block.normalized], diffTransposed: transposed,
        diffWeights: block.weight.gradient)
      block.convolution.backwardData(diffTransposed: transposed, diffSrc: gradient)
      block.norm.backward(
        diff: gradient, src: memory[block.activation],
        diffBias: index > 0 ? blocks[index - 1].bias.gradient : nil)
    }
    let hiddenGradient = memory[hiddenScratch]
    linear2.backward(src: memory[hidden], diffDst: gradient, diffSrc: hiddenGradient)
    leaky.backward(dst: memory[hidden], diff: hiddenGradient, count: hiddenCount)
    linear1.backward(
      src: memory[keptLatents], diffDst: hiddenGradient, diffSrc: latentGradient)
  }
}
