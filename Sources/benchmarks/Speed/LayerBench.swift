import Primitives
import Trials

/// One layer in one direction, with its own memory.
struct LayerBench {
  /// The layer's name and the direction.
  let name: String
  /// Its minimum work.
  let work: Work
  /// Runs it once.
  let run: () -> Void

  /// Every layer of a network in the order of a training step.
  static func all(of shape: NetworkShape, in arithmetic: Arithmetic) throws -> [LayerBench] {
    let context = try ComputeContext(arithmetic: arithmetic)
    let work = NetworkWork(shape, in: arithmetic)
    var forward: [LayerBench] = []
    var backward: [LayerBench] = []
    func add(_ pair: (forward: LayerBench, backward: [LayerBench])) {
      forward.append(pair.forward)
      backward.insert(contentsOf: pair.backward, at: 0)
    }
    for index in shape.encoder.indices {
      add(encoderConvolution(context, shape.encoder[index], index, work))
    }
    for layer in work.linearLayers {
      add(try linear(context, layer, work))
    }
    for index in shape.decoder.indices {
      add(
        decoderConvolution(
          context, shape.decoder[index], index, isLast: index + 1 == shape.decoder.count, work))
    }
    return forward + backward
  }

  private static let batch = 64
  private static let slope: Float = 0.02

  private static func noise(_ count: Int, _ seed: UInt64) -> AlignedBuffer<Float> {
    let buffer = AlignedBuffer<Float>(count: count)
    Noise(seed: seed).fill(buffer.elements, -1...1)
    return buffer
  }

  /// Noise in the format of activations.
  private static func stored(
    _ context: ComputeContext, _ count: Int, _ seed: UInt64
  ) -> AlignedBuffer<Float> {
    let values = noise(count, seed)
    guard context.arithmetic == .bf16 else { return values }
    let halves = AlignedBuffer<Float>(count: context.storedCount(count))
    for index in halves.elements.indices {
      let second = 2 * index + 1 < count ? values.elements[2 * index + 1].bitPattern : 0
      halves.elements[index] = Float(
        bitPattern: second & 0xffff_0000 | values.elements[2 * index].bitPattern >> 16)
    }
    return halves
  }

  private static func encoderConvolution(
    _ context: ComputeContext, _ layer: NetworkShape.Convolution, _ index: Int, _ work: NetworkWork
  ) -> (forward: LayerBench, backward: [LayerBench]) {
    let geometry = ConvolutionGeometry(
      batch: batch, inputChannels: layer.inputChannels, outputChannels: layer.outputChannels,
      inputSize: layer.inputSize, kernelSize: layer.kernelSize, stride: layer.stride,
      padding: layer.padding)
    let operation = Convolution(context, geometry, leakySlope: slope)
    // The first layer's source is a picture.
    let src =
      index == 0 ? noise(geometry.inputCount, 1) : stored(context, geometry.inputCount, 1)
    let dst = stored(context, geometry.outputCount, 2)
    let diffDst = stored(context, geometry.outputCount, 3)
    let diffSrc = index == 0 ? nil : stored(context, geometry.inputCount, 4)
    let weights = noise(geometry.weightCount, 5)
    let diffWeights = noise(geometry.weightCount, 6)
    let bias = noise(layer.outputChannels, 7)
    let diffBias = noise(layer.outputChannels, 8)
    let before =
      index == 0 ? nil : NormBench(context, layer.inputSize, layer.inputChannels, src)
    let behind = NormBench(context, layer.outputSize, layer.outputChannels, dst)
    operation.updateWeights(from: weights.start)
    let name = "encoder.conv\(index + 1)"
    return (
      LayerBench(name: "\(name) forward", work: work.encoderForward(index)) {
        operation.forward(
          src: before?.images ?? NormalizedImages(src.start), bias: bias.start, dst: dst.start,
          measuring: behind.norm)
      },
      [
        LayerBench(
          name: "\(name) \(index == 0 ? "weight gradient" : "gradients")",
          work: work.encoderBackward(index)
        ) {
          operation.backward(
            src: before?.images ?? NormalizedImages(src.start), diffDst: diffDst.start,
            through: behind.source, diffWeights: diffWeights.start, diffBias: diffBias.start,
            diffSrc: diffSrc?.start, measuring: before?.source)
        }
      ]
    )
  }

  private static func decoderConvolution(
    _ context: ComputeContext, _ layer: NetworkShape.Convolution, _ index: Int, isLast: Bool,
    _ work: NetworkWork
  ) -> (forward: LayerBench, backward: [LayerBench]) {
    let operation = UpsampledConvolution(
      context, batch: batch, inputChannels: layer.inputChannels,
      outputChannels: layer.outputChannels, inputSize: layer.inputSize,
      kernelSize: layer.kernelSize, leakySlope: isLast ? nil : slope)
    let weightCount =
      layer.outputChannels * layer.inputChannels * layer.kernelSize * layer.kernelSize
    let src = stored(context, operation.inputCount, 1)
    // The error's gradient is fp32.
    let output = isLast ? noise : { stored(context, $0, $1) }
    let dst = output(operation.outputCount, 2)
    let diffDst = output(operation.outputCount, 3)
    let diffSrc = stored(context, operation.inputCount, 4)
    let weights = noise(weightCount, 5)
    let diffWeights = noise(weightCount, 6)
    let bias = noise(layer.outputChannels, 7)
    let diffBias = noise(layer.outputChannels, 8)
    let before = NormBench(context, layer.inputSize, layer.inputChannels, src)
    let behind = isLast ? nil : NormBench(context, layer.outputSize, layer.outputChannels, dst)
    operation.updateWeights(from: weights.start)
    let name = "decoder.conv\(index + 1)"
    let errors = AlignedBuffer<Double>(count: batch)
    return (
      LayerBench(
        name: "\(name) forward\(isLast ? ", error" : "")", work: work.decoderForward(index)
      ) {
        if isLast {
          operation.forwardError(
            src: before.images, bias: bias.start, target: dst.start, reconstruction: nil,
            diffDst: diffDst.start, squaredErrors: errors.start)
        } else {
          operation.forward(
            src: before.images, bias: bias.start, dst: dst.start, measuring: behind?.norm)
        }
      },
      [
        LayerBench(name: "\(name) gradients", work: work.decoderBackward(index)) {
          if let behind {
            operation.backward(
              src: before.images, diffDst: diffDst.start, through: behind.source,
              diffWeights: diffWeights.start, diffBias: diffBias.start, diffSrc: diffSrc.start,
              measuring: before.source)
          } else {
            operation.backward(
              src: before.images, diffDst: diffDst.start, scale: 0.1,
              diffWeights: diffWeights.start, diffBias: diffBias.start, diffSrc: diffSrc.start,
              measuring: before.source)
          }
        }
      ]
    )
  }

  private static func linear(
    _ context: ComputeContext, _ layer: (name: String, inputs: Int, outputs: Int),
    _ work: NetworkWork
  ) throws -> (forward: LayerBench, backward: [LayerBench]) {
    let operation = Linear(
      context, batch: batch, inputs: layer.inputs, outputs: layer.outputs)
    let src = noise(batch * layer.inputs, 1)
    let dst = noise(batch * layer.outputs, 2)
    let diffSrc = noise(batch * layer.inputs, 3)
    let weights = noise(layer.inputs * layer.outputs, 4)
    let diffWeights = noise(layer.inputs * layer.outputs, 5)
    let bias = noise(layer.outputs, 6)
    let diffBias = noise(layer.outputs, 7)
    operation.updateWeights(from: weights.start)
    let work = work.linear(layer.inputs, layer.outputs)
    return (
      LayerBench(name: "\(layer.name) forward", work: work) {
        operation.forward(src: src.start, bias: bias.start, dst: dst.start)
      },
      [
        LayerBench(name: "\(layer.name) weight gradient", work: work) {
          operation.backwardWeights(
            src: src.start, diffDst: dst.start, diffWeights: diffWeights.start,
            diffBias: diffBias.start)
        },
        LayerBench(name: "\(layer.name) data gradient", work: work) {
          operation.backwardData(diffDst: dst.start, diffSrc: diffSrc.start)
        },
      ]
    )
  }
}

/// A batch norm after a training pass.
private final class NormBench {
  /// The operation.
  let norm: BatchNorm
  private let src: AlignedBuffer<Float>
  private let tensors: [AlignedBuffer<Float>]

  /// The batch norm of `src`, images of `size` × `size` pixels.
  init(_ context: ComputeContext, _ size: Int, _ channels: Int, _ src: AlignedBuffer<Float>) {
    let ones = AlignedBuffer<Float>(count: channels)
    ones.elements.update(repeating: 1)
    tensors = [ones] + (0..<5).map { _ in AlignedBuffer<Float>(count: channels) }
    self.src = src
    norm = BatchNorm(
      context, batch: 64, pixels: size * size, channels: channels, momentum: 0.8, epsilon: 1e-5,
      leakySlope: 0.02,
      tensors: BatchNorm.Tensors(
        scale: tensors[0].start, shift: tensors[1].start, runningMean: tensors[2].start,
        runningVariance: tensors[3].start))
    norm.measure(src: src.start)
    _ = norm.update(.training)
    norm.measureGradient(diffDst: src.start, src: src.start)
    norm.updateGradients(diffScale: tensors[4].start, diffShift: tensors[5].start)
  }

  /// The source, normalised.
  var images: NormalizedImages { NormalizedImages(src.start, norm.keptCoefficients) }
  /// The batch norm with its source.
  var source: NormSource { NormSource(norm, src: src.start) }
}
