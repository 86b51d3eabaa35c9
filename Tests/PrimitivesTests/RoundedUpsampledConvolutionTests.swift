import Primitives
import TestSupport
import Testing

/// bf16 arithmetic against references that round factors and add up in double.
///
/// Factors are the layer's own weights and sources, and the *box sums* of the gradient.
@Suite("Upsampled convolution in bf16")
struct RoundedUpsampledConvolutionTests {
  private static let layers = UpsampledCase.all.filter { $0.outputChannels != 2 || $0.endsNetwork }

  @Test(
    "is upsampling, then convolution, of rounded numbers",
    arguments: layers, roundingInstructionSets)
  func forward(layer: UpsampledCase, instructionSet: InstructionSet) throws {
    let given = GuardedInputs()
    defer { given.verify() }
    var random = RandomNumbers(seed: 33)
    let context = try ComputeContext(instructionSet: instructionSet, arithmetic: .bf16)
    let operation = layer.operation(context)
    let (before, behind) = norms(context, operation)
    let src = rounded(random.array(operation.inputCount))
    let weights = random.array(layer.plain.weightCount)
    let bias = random.array(layer.outputChannels)
    operation.updateWeights(from: given(weights))
    let images = StoredBuffer(src)
    before.norm.measure(src: images.start)
    let source = NormalizedImages(images.start, before.norm.update(.training))
    let sums = ReferenceConvolution(layer.plain).forward(
      src: layer.upsampling.forward(src: rounded(before.expected(src))), weights: rounded(weights))

    if layer.endsNetwork {
      let dst = GuardedBuffer(count: operation.outputCount)
      operation.forward(src: source, bias: given(bias), dst: dst.start)
      let expected = sums.enumerated().map { $1 + bias[$0 % bias.count] }
      #expect(relativeError(dst.values, expected) < roundedTolerance)
    } else {
      let dst = StoredBuffer(count: operation.outputCount)
      operation.forward(
        src: source, bias: given(bias), dst: dst.start, measuring: behind.norm)
      #expect(relativeError(dst.values, leakyWithBias(sums, bias)) < storedTolerance)
      let normalized = StoredBuffer(count: operation.outputCount)
      behind.norm.normalize(
        src: dst.start, with: behind.norm.update(.training), dst: normalized.start)
      #expect(relativeError(normalized.values, behind.expected(dst.values)) < storedTolerance)
    }
    #expect(images.values == src)
  }

  @Test(
    "has the gradients of upsampling, then convolution, up to the rounding of factors",
    arguments: layers, roundingInstructionSets)
  func backward(layer: UpsampledCase, instructionSet: InstructionSet) throws {
    let given = GuardedInputs()
    defer { given.verify() }
    var random = RandomNumbers(seed: 34)
    let context = try ComputeContext(instructionSet: instructionSet, arithmetic: .bf16)
    let operation = layer.operation(context)
    let (before, behind) = norms(context, operation)
    let src = rounded(random.array(operation.inputCount))
    let weights = random.array(layer.plain.weightCount)
    let diffDst = rounded(random.array(operation.outputCount))
    let output = rounded(random.array(operation.outputCount))
    operation.updateWeights(from: given(weights))
    let images = StoredBuffer(src)
    before.norm.measure(src: images.start)
    let source = NormalizedImages(images.start, before.norm.update(.training))
    let measured = NormSource(before.norm, src: images.start)
    let diffWeights = GuardedBuffer(count: layer.plain.weightCount)
    let diffBias = GuardedBuffer(count: layer.outputChannels)
    let diffSrc = StoredBuffer(count: operation.inputCount)

    let diff: [Double]
    if layer.endsNetwork {
      operation.backward(
        src: source, diffDst: given(diffDst), scale: 0.5, diffWeights: diffWeights.start,
        diffBias: diffBias.start, diffSrc: diffSrc.start, measuring: measured)
      diff = diffDst.map { $0 / 2 }
    } else {
      let outputs = StoredBuffer(output)
      let gradient = StoredBuffer(diffDst)
      behind.norm.measure(src: outputs.start)
      _ = behind.norm.update(.training)
      behind.norm.measureGradient(diffDst: gradient.start, src: outputs.start)
      _ = behind.updateGradients()
      operation.backward(
        src: source, diffDst: gradient.start,
        through: NormSource(behind.norm, src: outputs.start), diffWeights: diffWeights.start,
        diffBias: diffBias.start, diffSrc: diffSrc.start, measuring: measured)
      diff = ReferenceActivations.leakyReLUGradient(
        dst: output, diffDst: behind.expectedGradients(output, diffDst: diffDst).src,
        slope: NormFixture.slope)
    }

    // The factors of each product differ by a rounding from the reference's, at random; a sum of
    // many is off by less than one of them.
    let reference = ReferenceConvolution(layer.plain)
    let expectedSrc = layer.upsampling.backward(
      diffDst: reference.backwardData(diffDst: diff, weights: rounded(weights)))
    let expectedWeights = reference.backwardWeights(
      src: layer.upsampling.forward(src: rounded(before.expected(src))), diffDst: diff)
    #expect(relativeError(diffSrc.values, expectedSrc) < storedTolerance)
    #expect(relativeError(diffWeights.values, expectedWeights) < storedTolerance)
    #expect(
      relativeError(diffBias.values, channelSums(diff, layer.outputChannels)) < chainTolerance)
    before.expectGradients(src, diffDst: diffSrc.values)
  }
}
