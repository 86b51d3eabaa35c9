import Primitives
import TestSupport
import Testing

/// bf16 arithmetic against references that round factors and add up in double.
@Suite("Convolution in bf16")
struct RoundedConvolutionTests {
  @Test(
    "is the convolution of rounded numbers, with bias, leaky ReLU and moments",
    arguments: ConvolutionTests.geometries, roundingInstructionSets)
  func forward(geometry: ConvolutionGeometry, instructionSet: InstructionSet) throws {
    let given = GuardedInputs()
    defer { given.verify() }
    var random = RandomNumbers(seed: 31)
    let context = try ComputeContext(instructionSet: instructionSet, arithmetic: .bf16)
    let src = rounded(random.array(geometry.inputCount))
    let weights = random.array(geometry.weightCount)
    let bias = random.array(geometry.outputChannels)
    let (before, behind) = norms(context, geometry)
    let operation = Convolution(context, geometry, leakySlope: Float(NormFixture.slope))
    operation.updateWeights(from: given(weights))
    let reference = ReferenceConvolution(geometry)

    // A picture is fp32.
    let dst = StoredBuffer(count: geometry.outputCount)
    operation.forward(src: NormalizedImages(given(src)), bias: given(bias), dst: dst.start)
    let plain = leakyWithBias(reference.forward(src: src, weights: rounded(weights)), bias)
    #expect(relativeError(dst.values, plain) < storedTolerance)

    let images = StoredBuffer(src)
    before.norm.measure(src: images.start)
    operation.forward(
      src: NormalizedImages(images.start, before.norm.update(.training)), bias: given(bias),
      dst: dst.start, measuring: behind.norm)
    let expected = leakyWithBias(
      reference.forward(src: rounded(before.expected(src)), weights: rounded(weights)), bias)
    #expect(relativeError(dst.values, expected) < storedTolerance)
    let normalized = StoredBuffer(count: geometry.outputCount)
    behind.norm.normalize(
      src: dst.start, with: behind.norm.update(.training), dst: normalized.start)
    // The moments are those of the stored numbers.
    #expect(relativeError(normalized.values, behind.expected(dst.values)) < storedTolerance)
    #expect(images.values == src)
  }

  // Three images are a pair and a single one.
  @Test(
    "has the gradients of rounded factors, through both batch norms",
    arguments: ConvolutionTests.geometries, roundingInstructionSets)
  func backward(geometry: ConvolutionGeometry, instructionSet: InstructionSet) throws {
    let given = GuardedInputs()
    defer { given.verify() }
    var random = RandomNumbers(seed: 32)
    let context = try ComputeContext(instructionSet: instructionSet, arithmetic: .bf16)
    let src = rounded(random.array(geometry.inputCount))
    let output = rounded(random.array(geometry.outputCount))
    let diffDst = rounded(random.array(geometry.outputCount))
    let weights = random.array(geometry.weightCount)
    let (before, behind) = norms(context, geometry)
    let operation = Convolution(context, geometry, leakySlope: Float(NormFixture.slope))
    operation.updateWeights(from: given(weights))

    let images = StoredBuffer(src)
    let outputs = StoredBuffer(output)
    let gradient = StoredBuffer(diffDst)
    before.norm.measure(src: images.start)
    let source = NormalizedImages(images.start, before.norm.update(.training))
    behind.norm.measure(src: outputs.start)
    _ = behind.norm.update(.training)
    behind.norm.measureGradient(diffDst: gradient.start, src: outputs.start)
    _ = behind.updateGradients()
    let diffWeights = GuardedBuffer(count: geometry.weightCount)
    let diffBias = GuardedBuffer(count: geometry.outputChannels)
    let diffSrc = StoredBuffer(count: geometry.inputCount)
    let through = NormSource(behind.norm, src: outputs.start)
    operation.backward(
      src: source, diffDst: gradient.start, through: through, diffWeights: diffWeights.start,
      diffBias: diffBias.start, diffSrc: diffSrc.start,
      measuring: NormSource(before.norm, src: images.start))

    let reference = ReferenceConvolution(geometry)
    let diff = ReferenceActivations.leakyReLUGradient(
      dst: output, diffDst: behind.expectedGradients(output, diffDst: diffDst).src,
      slope: NormFixture.slope)
    let expectedSrc = reference.backwardData(diffDst: rounded(diff), weights: rounded(weights))
    #expect(relativeError(diffSrc.values, expectedSrc) < storedTolerance)
    #expect(
      relativeError(
        diffWeights.values,
        reference.backwardWeights(src: rounded(before.expected(src)), diffDst: rounded(diff)))
        < roundedTolerance)
    // Sums of numbers that are not rounded.
    #expect(
      relativeError(diffBias.values, channelSums(diff, geometry.outputChannels)) < chainTolerance)
    before.expectGradients(src, diffDst: diffSrc.values)

    operation.backward(
      src: NormalizedImages(given(src)), diffDst: gradient.start, through: through,
      diffWeights: diffWeights.start, diffBias: diffBias.start, diffSrc: nil)
    #expect(
      relativeError(
        diffWeights.values, reference.backwardWeights(src: src, diffDst: rounded(diff)))
        < roundedTolerance)
  }
}
