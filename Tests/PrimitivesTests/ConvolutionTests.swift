import Primitives
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
      batch: 2, inputChannels: 5, outputChannels: 7, inputSize: 6, kernelSize: 3, stride: 2,
      padding: 1),
  ]

  @Test(
    "agrees with the reference in all three directions", arguments: geometries,
    runnableInstructionSets)
  func agreesWithReference(geometry: ConvolutionGeometry, instructionSet: InstructionSet) throws {
    let given = GuardedInputs()
    defer { given.verify() }
    var random = RandomNumbers(seed: 1)
    let src = random.array(geometry.inputCount)
    let weights = random.array(geometry.weightCount)
    let diffDst = random.array(geometry.outputCount)
    let reference = ReferenceConvolution(geometry)
    let operation = try Convolution(
      ComputeContext(instructionSet: instructionSet), geometry, leakySlope: nil)
    operation.updateWeights(from: given(weights))

    let dst = GuardedBuffer(count: geometry.outputCount)
    operation.forward(src: given(src), bias: nil, dst: dst.start)
    #expect(
      relativeError(dst.values, reference.forward(src: src, weights: weights)) < singleTolerance)

    let diffSrc = GuardedBuffer(count: geometry.inputCount)
    operation.backwardData(diffDst: given(diffDst), diffSrc: diffSrc.start)
    #expect(
      relativeError(diffSrc.values, reference.backwardData(diffDst: diffDst, weights: weights))
        < singleTolerance)

    let diffWeights = GuardedBuffer(count: geometry.weightCount)
    operation.backwardWeights(
      src: given(src), diffDst: given(diffDst),
      diffWeights: diffWeights.start)
    #expect(
      relativeError(diffWeights.values, reference.backwardWeights(src: src, diffDst: diffDst))
        < singleTolerance)

    // ⟨Ax, y⟩ = ⟨x, Aᵀy⟩, in the weights as well.
    let product = dot(dst.values, diffDst)
    let scale = dot(dst.values, dst.values).squareRoot() * dot(diffDst, diffDst).squareRoot()
    #expect(abs(dot(src, diffSrc.values) - product) < singleTolerance * scale)
    #expect(abs(dot(weights, diffWeights.values) - product) < singleTolerance * scale)
  }

  @Test("adds bias and leaky ReLU when asked to", arguments: geometries, runnableInstructionSets)
  func biasAndLeakyReLU(geometry: ConvolutionGeometry, instructionSet: InstructionSet) throws {
    let given = GuardedInputs()
    defer { given.verify() }
    var random = RandomNumbers(seed: 2)
    let src = random.array(geometry.inputCount)
    let weights = random.array(geometry.weightCount)
    let bias = random.array(geometry.outputChannels)
    let operation = try Convolution(
      ComputeContext(instructionSet: instructionSet), geometry, leakySlope: 0.02)
    operation.updateWeights(from: given(weights))
    let dst = GuardedBuffer(count: geometry.outputCount)
    operation.forward(
      src: given(src), bias: given(bias), dst: dst.start)
    let sums = ReferenceConvolution(geometry).forward(src: src, weights: weights)
    let expected = ReferenceActivations.leakyReLU(
      sums.enumerated().map { $1 + bias[$0 % geometry.outputChannels] }, slope: 0.02)
    #expect(relativeError(dst.values, expected) < singleTolerance)
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
