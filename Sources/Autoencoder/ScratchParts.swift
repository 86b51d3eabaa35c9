import Primitives
import Trials

/// Scratch memory within a pass, shared by encoder and decoder.
struct ScratchParts {
  /// As large as the largest activation; for gradients, and for the activations of passes other
  /// than training.
  let first: ActivationMemory.Part
  /// As large as the largest activation.
  let second: ActivationMemory.Part

  /// Reserves the parts for batches of `batchSize` images.
  init(
    _ context: ComputeContext, shape: NetworkShape, batchSize: Int, memory: ActivationMemory
  ) {
    var activation = shape.flatCount
    for layer in shape.encoder {
      activation = max(activation, layer.outputSize * layer.outputSize * layer.outputChannels)
    }
    for layer in shape.decoder {
      activation = max(activation, layer.inputSize * layer.inputSize * layer.inputChannels)
      activation = max(activation, layer.outputSize * layer.outputSize * layer.outputChannels)
    }
    // The decoder's output has an image's size and is fp32.
    let count = batchSize * max(context.storedCount(activation), shape.image.elementCount)
    first = memory.reserve(count)
    second = memory.reserve(count)
  }
}
