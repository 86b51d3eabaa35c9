import Primitives
import TestSupport
import Testing

/// One case of an upsampled convolution: the layer and its reference, upsample then convolve.
struct UpsampledCase: CustomTestStringConvertible, Sendable {
  var inputChannels: Int
  var outputChannels: Int
  var inputSize: Int
  var kernelSize: Int
  var endsNetwork = false
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

  func operation(_ context: ComputeContext) -> UpsampledConvolution {
    UpsampledConvolution(
      context, batch: batch, inputChannels: inputChannels, outputChannels: outputChannels,
      inputSize: inputSize, kernelSize: kernelSize,
      leakySlope: endsNetwork ? nil : Float(NormFixture.slope))
  }

  static let all: [UpsampledCase] = [
    .init(inputChannels: 32, outputChannels: 16, inputSize: 4, kernelSize: 3),
    .init(inputChannels: 16, outputChannels: 32, inputSize: 4, kernelSize: 2),
    .init(inputChannels: 16, outputChannels: 3, inputSize: 6, kernelSize: 3, endsNetwork: true),
    .init(inputChannels: 16, outputChannels: 1, inputSize: 7, kernelSize: 3, endsNetwork: true),
    .init(inputChannels: 5, outputChannels: 7, inputSize: 3, kernelSize: 3),
    .init(inputChannels: 5, outputChannels: 2, inputSize: 4, kernelSize: 3),
    .init(inputChannels: 19, outputChannels: 2, inputSize: 18, kernelSize: 3, endsNetwork: true),
    .init(inputChannels: 7, outputChannels: 3, inputSize: 16, kernelSize: 3, endsNetwork: true),
    .init(inputChannels: 32, outputChannels: 33, inputSize: 18, kernelSize: 3),
    .init(inputChannels: 6, outputChannels: 5, inputSize: 4, kernelSize: 3, batch: 6),
    .init(inputChannels: 8, outputChannels: 4, inputSize: 7, kernelSize: 3, batch: 20),
    .init(inputChannels: 3, outputChannels: 8, inputSize: 4, kernelSize: 2),
    .init(inputChannels: 4, outputChannels: 1, inputSize: 4, kernelSize: 3),
    .init(inputChannels: 1, outputChannels: 3, inputSize: 4, kernelSize: 3),
    .init(inputChannels: 2, outputChannels: 6, inputSize: 4, kernelSize: 2),
    .init(inputChannels: 7, outputChannels: 3, inputSize: 4, kernelSize: 3),
    // Split by parity on AVX2, as the cases of ConvolutionTests are.
    .init(inputChannels: 32, outputChannels: 64, inputSize: 2, kernelSize: 3, batch: 20),
    .init(inputChannels: 64, outputChannels: 32, inputSize: 6, kernelSize: 3, batch: 6),
    .init(inputChannels: 32, outputChannels: 32, inputSize: 10, kernelSize: 3, batch: 5),
    .init(inputChannels: 32, outputChannels: 32, inputSize: 18, kernelSize: 3),
    .init(inputChannels: 48, outputChannels: 16, inputSize: 4, kernelSize: 3),
  ]
}

@Suite("Upsampled convolution in the box form")
struct UpsampledConvolutionTests {
  @Test(
    "is upsampling, then convolution, bias and leaky ReLU, of the normalised source",
    arguments: UpsampledCase.all, runnableInstructionSets)
  func forward(layer: UpsampledCase, instructionSet: InstructionSet) throws {
    let given = GuardedInputs()
    defer { given.verify() }
    var random = RandomNumbers(seed: 4)
    let context = try ComputeContext(instructionSet: instructionSet)
    let operation = layer.operation(context)
    let (before, behind) = norms(context, operation)
    let src = random.array(operation.inputCount)
    let weights = random.array(layer.plain.weightCount)
    let bias = random.array(layer.outputChannels)
    operation.updateWeights(from: given(weights))
    let images = given(src)
    before.norm.measure(src: images)
    let coefficients = before.norm.update(.training)
    let reference = ReferenceConvolution(layer.plain)
    func expected(_ source: [Double]) -> [Double] {
      let sums = reference.forward(src: layer.upsampling.forward(src: source), weights: weights)
      return layer.endsNetwork
        ? sums.enumerated().map { $1 + bias[$0 % bias.count] } : leakyWithBias(sums, bias)
    }

    let dst = GuardedBuffer(count: operation.outputCount)
    operation.forward(src: NormalizedImages(images), bias: given(bias), dst: dst.start)
    #expect(relativeError(dst.values, expected(src)) < singleTolerance)

    operation.forward(
      src: NormalizedImages(images, coefficients), bias: given(bias), dst: dst.start,
      measuring: layer.endsNetwork ? nil : behind.norm)
    let normalizedExpectation = expected(before.expected(src))
    #expect(relativeError(dst.values, normalizedExpectation) < singleTolerance)
    if !layer.endsNetwork {
      let normalized = behind.normalize(dst.start, behind.norm.update(.training))
      #expect(relativeError(normalized, behind.expected(normalizedExpectation)) < chainTolerance)
    }
  }

  @Test(
    "the fused error equals that of the two separate operations",
    arguments: UpsampledCase.all.filter(\.endsNetwork), runnableInstructionSets)
  func error(layer: UpsampledCase, instructionSet: InstructionSet) throws {
    let given = GuardedInputs()
    defer { given.verify() }
    var random = RandomNumbers(seed: 6)
    let context = try ComputeContext(instructionSet: instructionSet)
    let operation = layer.operation(context)
    try #require(operation.takesError)
    operation.updateWeights(from: given(random.array(layer.plain.weightCount)))
    let images = NormalizedImages(given(random.array(operation.inputCount)))
    let bias = given(random.array(layer.outputChannels))
    let count = operation.outputCount
    let target = given(random.array(count).map { abs($0) })
    let errors = AlignedBuffer<Double>(count: layer.batch)
    let dst = GuardedBuffer(count: count)
    let reconstruction = GuardedBuffer(count: count)
    operation.forward(src: images, bias: bias, dst: dst.start)
    SigmoidSquaredError(context, batch: layer.batch, count: count / layer.batch).forward(
      src: dst.start, target: target, reconstruction: reconstruction.start, diffSrc: dst.start,
      squaredErrors: errors.start)

    let fusedErrors = AlignedBuffer<Double>(count: layer.batch)
    let fusedReconstruction = GuardedBuffer(count: count)
    let diff = GuardedBuffer(count: count)
    operation.forwardError(
      src: images, bias: bias, target: target, reconstruction: fusedReconstruction.start,
      diffDst: diff.start, squaredErrors: fusedErrors.start)
    #expect(Array(fusedErrors.elements) == Array(errors.elements))
    #expect(fusedReconstruction.values == reconstruction.values)
    #expect(diff.values == dst.values)

    operation.forwardError(
      src: images, bias: bias, target: target, reconstruction: nil, diffDst: nil,
      squaredErrors: fusedErrors.start)
    #expect(Array(fusedErrors.elements) == Array(errors.elements))
  }

  @Test(
    "has the gradients of upsampling, then convolution, through both batch norms",
    arguments: UpsampledCase.all, runnableInstructionSets)
  func backward(layer: UpsampledCase, instructionSet: InstructionSet) throws {
    let given = GuardedInputs()
    defer { given.verify() }
    var random = RandomNumbers(seed: 5)
    let context = try ComputeContext(instructionSet: instructionSet)
    let operation = layer.operation(context)
    let (before, behind) = norms(context, operation)
    let src = random.array(operation.inputCount)
    let weights = random.array(layer.plain.weightCount)
    let diffDst = random.array(operation.outputCount)
    let output = random.array(operation.outputCount)
    operation.updateWeights(from: given(weights))
    let images = given(src)
    before.norm.measure(src: images)
    let source = NormalizedImages(images, before.norm.update(.training))
    let measured = NormSource(before.norm, src: images)
    let gradient = given(diffDst)
    let diffWeights = GuardedBuffer(count: layer.plain.weightCount)
    let diffBias = GuardedBuffer(count: layer.outputChannels)
    let diffSrc = GuardedBuffer(count: operation.inputCount)

    let diff: [Double]
    if layer.endsNetwork {
      operation.backward(
        src: source, diffDst: gradient, scale: 0.5, diffWeights: diffWeights.start,
        diffBias: diffBias.start, diffSrc: diffSrc.start, measuring: measured)
      diff = diffDst.map { $0 / 2 }
    } else {
      let through = NormSource(behind.norm, src: given(output))
      behind.norm.measure(src: through.src)
      _ = behind.norm.update(.training)
      behind.norm.measureGradient(diffDst: gradient, src: through.src)
      _ = behind.updateGradients()
      operation.backward(
        src: source, diffDst: gradient, through: through, diffWeights: diffWeights.start,
        diffBias: diffBias.start, diffSrc: diffSrc.start, measuring: measured)
      diff = ReferenceActivations.leakyReLUGradient(
        dst: output, diffDst: behind.expectedGradients(output, diffDst: diffDst).src,
        slope: NormFixture.slope)
    }

    let reference = ReferenceConvolution(layer.plain)
    let expectedSrc = layer.upsampling.backward(
      diffDst: reference.backwardData(diffDst: diff, weights: weights))
    let expectedWeights = reference.backwardWeights(
      src: layer.upsampling.forward(src: before.expected(src)), diffDst: diff)
    #expect(relativeError(diffWeights.values, expectedWeights) < chainTolerance)
    #expect(relativeError(diffSrc.values, expectedSrc) < chainTolerance)
    #expect(
      relativeError(diffBias.values, channelSums(diff, layer.outputChannels)) < chainTolerance)
    before.expectGradients(src, diffDst: expectedSrc)
  }
}
