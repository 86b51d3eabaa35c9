import Primitives
import TestSupport
import Testing

@Suite("Batch norm")
struct BatchNormTests {
  /// Batch, pixels, channels: whole vectors, a remainder, fewer channels than a vector.
  static let extents = [(3, 25, 32), (2, 6, 21), (4, 49, 3)]

  private func fixture(_ extents: (Int, Int, Int), _ instructionSet: InstructionSet) throws
    -> NormFixture
  {
    NormFixture(
      try ComputeContext(instructionSet: instructionSet), batch: extents.0, pixels: extents.1,
      channels: extents.2)
  }

  @Test(
    "normalises with batch statistics and updates the unbiased running ones by a fifth",
    arguments: extents, runnableInstructionSets)
  func training(extents: (Int, Int, Int), instructionSet: InstructionSet) throws {
    let given = GuardedInputs()
    defer { given.verify() }
    let subject = try fixture(extents, instructionSet)
    var random = RandomNumbers(seed: 7)
    let src = random.array(subject.norm.count)
    let images = given(src)
    let (mean, variance) = subject.statistics(src)
    let oldMean = subject.runningMean.values
    let oldVariance = subject.runningVariance.values

    subject.norm.measure(src: images)
    let passing = subject.normalize(images, subject.norm.update(.gradientFree))
    #expect(relativeError(passing, subject.expected(src)) < singleTolerance)
    #expect(subject.runningMean.values == oldMean)
    #expect(subject.runningVariance.values == oldVariance)

    let training = subject.normalize(images, subject.norm.update(.training))
    #expect(training == passing)
    let elements = Double(extents.0 * extents.1)
    let newMean = zip(oldMean, mean).map { 0.8 * $0 + 0.2 * $1 }
    let newVariance = zip(oldVariance, variance).map {
      0.8 * $0 + 0.2 * $1 * elements / (elements - 1)
    }
    #expect(relativeError(subject.runningMean.values, newMean) < singleTolerance)
    #expect(relativeError(subject.runningVariance.values, newVariance) < singleTolerance)
  }

  @Test("normalises with running statistics at inference", arguments: extents)
  func inference(extents: (Int, Int, Int)) throws {
    let given = GuardedInputs()
    defer { given.verify() }
    let subject = try fixture(extents, .effective)
    var random = RandomNumbers(seed: 8)
    let src = random.array(subject.norm.count)
    let expected = subject.expected(
      src, (subject.runningMean.values, subject.runningVariance.values))
    let actual = subject.normalize(given(src), subject.norm.update(.inference))
    #expect(relativeError(actual, expected) < singleTolerance)
  }

  @Test(
    "a mean a thousand times the deviation loses no accuracy beyond the source's rounding",
    arguments: runnableInstructionSets)
  func largeMean(instructionSet: InstructionSet) throws {
    let given = GuardedInputs()
    defer { given.verify() }
    let subject = try fixture((3, 25, 32), instructionSet)
    var random = RandomNumbers(seed: 9)
    let src = random.array(subject.norm.count).map { Double(Float(1_000 + $0)) }
    let images = given(src)
    subject.norm.measure(src: images)
    let actual = subject.normalize(images, subject.norm.update(.training))
    // The mean itself is rounded to fp32: 1000 · 2⁻²⁴ in units of a deviation of about 0.58.
    #expect(relativeError(actual, subject.expected(src)) < 1e-4)
  }

  @Test(
    "has the reference's gradients, through the leaky ReLU before it",
    arguments: extents, runnableInstructionSets)
  func backward(extents: (Int, Int, Int), instructionSet: InstructionSet) throws {
    let given = GuardedInputs()
    defer { given.verify() }
    let subject = try fixture(extents, instructionSet)
    var random = RandomNumbers(seed: 10)
    let src = random.array(subject.norm.count)
    let diffDst = random.array(subject.norm.count)
    let images = given(src)
    subject.norm.measure(src: images)
    _ = subject.norm.update(.training)
    // Gradient-free and inference passes may come between.
    subject.norm.measure(src: given(src.map { 3 * $0 }))
    _ = subject.norm.update(.gradientFree)
    _ = subject.norm.update(.inference)

    let diff = GuardedBuffer(diffDst)
    subject.norm.measureGradient(diffDst: diff.start, src: images)
    let tensors = subject.updateGradients()
    subject.norm.backward(diff: diff.start, src: images)

    let expected = subject.expectedGradients(src, diffDst: diffDst)
    let through = ReferenceActivations.leakyReLUGradient(
      dst: src, diffDst: expected.src, slope: NormFixture.slope)
    #expect(relativeError(diff.values, through) < singleTolerance)
    #expect(relativeError(tensors.scale, expected.scale) < singleTolerance)
    #expect(relativeError(tensors.shift, expected.shift) < singleTolerance)
  }

  @Test("the reference's gradients are those of its forward direction")
  func referenceGradients() {
    let reference = ReferenceBatchNorm(channels: 3, epsilon: NormFixture.epsilon)
    var random = RandomNumbers(seed: 11)
    let src = random.array(30)
    let scale = random.array(3)
    let shift = random.array(3)
    let weights = random.array(30)
    func loss(_ src: [Double], _ scale: [Double], _ shift: [Double]) -> Double {
      let (mean, variance) = reference.statistics(src: src)
      return dot(
        reference.forward(src: src, scale: scale, shift: shift, mean: mean, variance: variance),
        weights)
    }
    let gradients = reference.backward(src: src, scale: scale, diffDst: weights)
    let direction = random.array(30)
    let bySource = directionalDerivative(at: src, along: direction) { loss($0, scale, shift) }
    #expect(abs(bySource - dot(gradients.src, direction)) < 1e-8)
    let small = random.array(3)
    let byScale = directionalDerivative(at: scale, along: small) { loss(src, $0, shift) }
    #expect(abs(byScale - dot(gradients.scale, small)) < 1e-8)
    let byShift = directionalDerivative(at: shift, along: small) { loss(src, scale, $0) }
    #expect(abs(byShift - dot(gradients.shift, small)) < 1e-8)
  }
}
