import Primitives
import Testing

/// One case of an upsampled convolution: the layer and its plain form, upsample then convolve.
struct UpsampledCase: CustomTestStringConvertible, Sendable {
  var inputChannels: Int
  var outputChannels: Int
  var inputSize: Int
  var kernelSize: Int
  var batch = 2

  var testDescription: String {
    "\(inputChannels)→\(outputChannels) on \(inputSize)×\(inputSize), \(kernelSize)×\(kernelSize)"
  }

  var plain: ConvolutionGeometry {
    ConvolutionGeometry(
      batch: batch, inputChannels: inputChannels, outputChannels: outputChannels,
      inputSize: 2 * inputSize, kernelSize: kernelSize, stride: 1,
      padding: kernelSize == 3 ? 1 : 0)
  }

  var upsampling: ReferenceUpsampling {
    ReferenceUpsampling(batch: batch, size: inputSize, channels: inputChannels)
  }

  func operation(_ context: ComputeContext) throws(PrimitiveError) -> UpsampledConvolution {
    try UpsampledConvolution(
      context, batch: batch, inputChannels: inputChannels, outputChannels: outputChannels,
      inputSize: inputSize, kernelSize: kernelSize)
  }

  static let all: [UpsampledCase] = [
    .init(inputChannels: 32, outputChannels: 16, inputSize: 4, kernelSize: 3),
    .init(inputChannels: 16, outputChannels: 32, inputSize: 4, kernelSize: 2),
    .init(inputChannels: 16, outputChannels: 3, inputSize: 6, kernelSize: 3),
    .init(inputChannels: 16, outputChannels: 1, inputSize: 7, kernelSize: 3),
    .init(inputChannels: 5, outputChannels: 7, inputSize: 3, kernelSize: 3),
  ]
}

@Suite("Upsampled convolution in the box form")
struct UpsampledConvolutionTests {
  @Test(
    "is upsampling, then convolution, bias and leaky ReLU",
    arguments: UpsampledCase.all, runnableInstructionSets)
  func forward(layer: UpsampledCase, instructionSet: InstructionSet) throws {
    let given = GuardedInputs()
    defer { given.verify() }
    var random = RandomNumbers(seed: 4)
    let operation = try layer.operation(ComputeContext(instructionSet: instructionSet))
    let src = random.array(operation.inputCount)
    let weights = random.array(layer.plain.weightCount)
    let bias = random.array(layer.outputChannels)
    operation.updateWeights(from: given(weights))
    let transposed = GuardedBuffer(count: operation.transposedCount)
    let dst = GuardedBuffer(count: operation.outputCount)
    operation.forward(src: given(src), transposed: transposed.start)
    operation.boxLeaky(
      transposed: transposed.start, bias: given(bias), slope: 0.02, dst: dst.start)

    let sums = ReferenceConvolution(layer.plain).forward(
      src: layer.upsampling.forward(src: src), weights: weights)
    let expected = ReferenceActivations.leakyReLU(
      sums.enumerated().map { $1 + bias[$0 % layer.outputChannels] }, slope: 0.02)
    #expect(relativeError(dst.values, expected) < singleTolerance)
    #expect(!transposed.values.contains { $0.isNaN })
  }

  @Test(
    "has the gradients of upsampling, then convolution",
    arguments: UpsampledCase.all, runnableInstructionSets)
  func backward(layer: UpsampledCase, instructionSet: InstructionSet) throws {
    let given = GuardedInputs()
    defer { given.verify() }
    var random = RandomNumbers(seed: 5)
    let operation = try layer.operation(ComputeContext(instructionSet: instructionSet))
    let src = random.array(operation.inputCount)
    let weights = random.array(layer.plain.weightCount)
    let diffDst = random.array(operation.outputCount)
    operation.updateWeights(from: given(weights))
    let diffTransposed = GuardedBuffer(count: operation.transposedCount)
    let diffSrc = GuardedBuffer(count: operation.inputCount)
    let diffWeights = GuardedBuffer(count: layer.plain.weightCount)
    operation.boxBackward(
      diffDst: given(diffDst), scale: 0.5, diffTransposed: diffTransposed.start)
    operation.backwardData(diffTransposed: diffTransposed.start, diffSrc: diffSrc.start)
    operation.backwardWeights(
      src: given(src), diffTransposed: diffTransposed.start,
      diffWeights: diffWeights.start)

    let reference = ReferenceConvolution(layer.plain)
    let halved = diffDst.map { $0 / 2 }
    let expectedSrc = layer.upsampling.backward(
      diffDst: reference.backwardData(diffDst: halved, weights: weights))
    let expectedWeights = reference.backwardWeights(
      src: layer.upsampling.forward(src: src), diffDst: halved)
    #expect(relativeError(diffSrc.values, expectedSrc) < singleTolerance)
    #expect(relativeError(diffWeights.values, expectedWeights) < singleTolerance)
    #expect(!diffTransposed.values.contains { $0.isNaN })
  }

  @Test("the box form adds as many rows as the kernel has, and its sum takes one away")
  func extents() throws {
    let context = try ComputeContext()
    let wide = try UpsampledCase.all[0].operation(context)
    #expect((wide.transposedSize, wide.outputSize) == (9, 8))
    let narrow = try UpsampledCase.all[1].operation(context)
    #expect((narrow.transposedSize, narrow.outputSize) == (8, 7))
  }
}
