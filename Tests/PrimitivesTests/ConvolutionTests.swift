import Primitives
import TestSupport
import Testing

@Suite("Convolution")
struct ConvolutionTests {
  /// The network's kinds of layers at small extents, and odd channel counts.
  static let geometries: [ConvolutionGeometry] = [
    .init(
      batch: 2, inputChannels: 3, outputChannels: 32, inputSize: 8, kernelSize: 4, stride: 2,
      padding: 1),
    .init(
      batch: 2, inputChannels: 1, outputChannels: 16, inputSize: 8, kernelSize: 4, stride: 2,
      padding: 1),
    .init(
      batch: 3, inputChannels: 16, outputChannels: 32, inputSize: 14, kernelSize: 3, stride: 2,
      padding: 1),
    .init(
      batch: 2, inputChannels: 32, outputChannels: 16, inputSize: 7, kernelSize: 2, stride: 2,
      padding: 1),
    .init(
      batch: 2, inputChannels: 5, outputChannels: 33, inputSize: 6, kernelSize: 3, stride: 2,
      padding: 1),
    .init(
      batch: 2, inputChannels: 5, outputChannels: 7, inputSize: 6, kernelSize: 3, stride: 2,
      padding: 1),
    .init(
      batch: 20, inputChannels: 4, outputChannels: 8, inputSize: 7, kernelSize: 3, stride: 2,
      padding: 1),
    .init(
      batch: 2, inputChannels: 1, outputChannels: 4, inputSize: 6, kernelSize: 4, stride: 2,
      padding: 1),
    .init(
      batch: 2, inputChannels: 3, outputChannels: 8, inputSize: 7, kernelSize: 3, stride: 2,
      padding: 1),
    // Few output channels, whose weights are folded: every fold, rest and count of rows.
    .init(
      batch: 2, inputChannels: 1, outputChannels: 2, inputSize: 6, kernelSize: 3, stride: 2,
      padding: 1),
    .init(
      batch: 2, inputChannels: 2, outputChannels: 3, inputSize: 6, kernelSize: 3, stride: 2,
      padding: 1),
    .init(
      batch: 2, inputChannels: 2, outputChannels: 4, inputSize: 6, kernelSize: 4, stride: 2,
      padding: 1),
    .init(
      batch: 2, inputChannels: 2, outputChannels: 3, inputSize: 7, kernelSize: 2, stride: 2,
      padding: 1),
    .init(
      batch: 2, inputChannels: 2, outputChannels: 6, inputSize: 7, kernelSize: 2, stride: 2,
      padding: 1),
    .init(
      batch: 2, inputChannels: 6, outputChannels: 1, inputSize: 6, kernelSize: 3, stride: 2,
      padding: 1),
    .init(
      batch: 2, inputChannels: 7, outputChannels: 3, inputSize: 6, kernelSize: 3, stride: 2,
      padding: 1),
    .init(
      batch: 2, inputChannels: 8, outputChannels: 5, inputSize: 6, kernelSize: 3, stride: 2,
      padding: 1),
    .init(
      batch: 2, inputChannels: 5, outputChannels: 3, inputSize: 6, kernelSize: 3, stride: 2,
      padding: 1),
    // Split by parity on AVX2: one and several panels each way, strips of many images, of an image
    // and a part, and of a part of an image.
    .init(
      batch: 20, inputChannels: 64, outputChannels: 32, inputSize: 4, kernelSize: 3, stride: 2,
      padding: 1),
    .init(
      batch: 6, inputChannels: 32, outputChannels: 64, inputSize: 12, kernelSize: 3, stride: 2,
      padding: 1),
    .init(
      batch: 5, inputChannels: 32, outputChannels: 32, inputSize: 20, kernelSize: 3, stride: 2,
      padding: 1),
    .init(
      batch: 2, inputChannels: 32, outputChannels: 32, inputSize: 36, kernelSize: 3, stride: 2,
      padding: 1),
    .init(
      batch: 2, inputChannels: 16, outputChannels: 48, inputSize: 8, kernelSize: 3, stride: 2,
      padding: 1),
  ]

  @Test(
    "convolves the normalised source, adds bias and leaky ReLU, and takes the result's moments",
    arguments: geometries, runnableInstructionSets)
  func forward(geometry: ConvolutionGeometry, instructionSet: InstructionSet) throws {
    let given = GuardedInputs()
    defer { given.verify() }
    var random = RandomNumbers(seed: 1)
    let context = try ComputeContext(instructionSet: instructionSet)
    let (before, behind) = norms(context, geometry)
    let src = random.array(geometry.inputCount)
    let weights = random.array(geometry.weightCount)
    let bias = random.array(geometry.outputChannels)
    let operation = Convolution(context, geometry, leakySlope: Float(NormFixture.slope))
    operation.updateWeights(from: given(weights))
    let reference = ReferenceConvolution(geometry)

    let images = given(src)
    let dst = GuardedBuffer(count: geometry.outputCount)
    operation.forward(src: NormalizedImages(images), bias: given(bias), dst: dst.start)
    let plain = leakyWithBias(reference.forward(src: src, weights: weights), bias)
    #expect(relativeError(dst.values, plain) < singleTolerance)

    before.norm.measure(src: images)
    let coefficients = before.norm.update(.training)
    operation.forward(
      src: NormalizedImages(images, coefficients), bias: given(bias), dst: dst.start,
      measuring: behind.norm)
    let sums = reference.forward(src: before.expected(src), weights: weights)
    let expected = leakyWithBias(sums, bias)
    #expect(relativeError(dst.values, expected) < singleTolerance)
    let normalized = behind.normalize(dst.start, behind.norm.update(.training))
    #expect(relativeError(normalized, behind.expected(expected)) < chainTolerance)
  }

  @Test(
    "has the reference's gradients, through both batch norms",
    arguments: geometries, runnableInstructionSets)
  func backward(geometry: ConvolutionGeometry, instructionSet: InstructionSet) throws {
    let given = GuardedInputs()
    defer { given.verify() }
    var random = RandomNumbers(seed: 2)
    let context = try ComputeContext(instructionSet: instructionSet)
    let (before, behind) = norms(context, geometry)
    let src = random.array(geometry.inputCount)
    let weights = random.array(geometry.weightCount)
    let diffDst = random.array(geometry.outputCount)
    // The operation's output can be arbitrary here, because only the gradient reads it.
    let output = random.array(geometry.outputCount)
    let operation = Convolution(context, geometry, leakySlope: Float(NormFixture.slope))
    operation.updateWeights(from: given(weights))

    let images = given(src)
    before.norm.measure(src: images)
    let source = NormalizedImages(images, before.norm.update(.training))
    let through = NormSource(behind.norm, src: given(output))
    let gradient = given(diffDst)
    behind.norm.measure(src: through.src)
    _ = behind.norm.update(.training)
    behind.norm.measureGradient(diffDst: gradient, src: through.src)
    _ = behind.updateGradients()
    let diffWeights = GuardedBuffer(count: geometry.weightCount)
    let diffBias = GuardedBuffer(count: geometry.outputChannels)
    let diffSrc = GuardedBuffer(count: geometry.inputCount)
    operation.backward(
      src: source, diffDst: gradient, through: through, diffWeights: diffWeights.start,
      diffBias: diffBias.start, diffSrc: diffSrc.start,
      measuring: NormSource(before.norm, src: images))

    let reference = ReferenceConvolution(geometry)
    let diff = ReferenceActivations.leakyReLUGradient(
      dst: output, diffDst: behind.expectedGradients(output, diffDst: diffDst).src,
      slope: NormFixture.slope)
    let expectedSrc = reference.backwardData(diffDst: diff, weights: weights)
    let expectedWeights = reference.backwardWeights(src: before.expected(src), diffDst: diff)
    #expect(relativeError(diffWeights.values, expectedWeights) < chainTolerance)
    #expect(relativeError(diffSrc.values, expectedSrc) < chainTolerance)
    #expect(
      relativeError(diffBias.values, channelSums(diff, geometry.outputChannels)) < chainTolerance)
    before.expectGradients(src, diffDst: expectedSrc)

    // The first layer's source is the image itself and needs no gradient.
    operation.backward(
      src: NormalizedImages(images), diffDst: gradient, through: through,
      diffWeights: diffWeights.start, diffBias: diffBias.start, diffSrc: nil)
    #expect(
      relativeError(diffWeights.values, reference.backwardWeights(src: src, diffDst: diff))
        < chainTolerance)
  }

  @Test("the reference's gradients are the adjoints of its forward direction")
  func referenceIsAdjoint() {
    let geometry = ConvolutionGeometry(
      batch: 2, inputChannels: 2, outputChannels: 3, inputSize: 5, kernelSize: 3, stride: 2,
      padding: 1)
    var random = RandomNumbers(seed: 3)
    let src = random.array(geometry.inputCount)
    let weights = random.array(geometry.weightCount)
    let diffDst = random.array(geometry.outputCount)
    let reference = ReferenceConvolution(geometry)
    let product = dot(reference.forward(src: src, weights: weights), diffDst)
    let bySource = dot(src, reference.backwardData(diffDst: diffDst, weights: weights))
    let byWeights = dot(weights, reference.backwardWeights(src: src, diffDst: diffDst))
    #expect(abs(bySource - product) < 1e-12)
    #expect(abs(byWeights - product) < 1e-12)
  }
}
