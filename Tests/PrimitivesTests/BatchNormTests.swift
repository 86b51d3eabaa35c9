import Primitives
import Testing

@Suite("Batch norm")
struct BatchNormTests {
  static let slope = 0.02
  static let epsilon = 1e-5
  static let momentum = 0.8

  /// Batch, pixels, channels: whole vectors, an odd rest, fewer channels than a vector.
  static let extents = [(3, 25, 32), (2, 6, 21), (4, 49, 3)]

  /// A batch norm with guarded tensors.
  struct Subject {
    let norm: BatchNorm
    let scale: [Double]
    let shift: [Double]
    let runningMean: GuardedBuffer
    let runningVariance: GuardedBuffer
    private let scaleBuffer: GuardedBuffer
    private let shiftBuffer: GuardedBuffer

    init(_ extents: (Int, Int, Int), _ instructionSet: InstructionSet) throws {
      var random = RandomNumbers(seed: 6)
      norm = BatchNorm(
        try ComputeContext(instructionSet: instructionSet), batch: extents.0, pixels: extents.1,
        channels: extents.2, momentum: momentum, epsilon: epsilon, leakySlope: Float(slope))
      scale = random.array(extents.2)
      shift = random.array(extents.2)
      runningMean = GuardedBuffer(random.array(extents.2))
      runningVariance = GuardedBuffer(random.array(extents.2).map { $0 + 2 })
      scaleBuffer = GuardedBuffer(scale)
      shiftBuffer = GuardedBuffer(shift)
    }

    var tensors: BatchNorm.Tensors {
      BatchNorm.Tensors(
        scale: scaleBuffer.start, shift: shiftBuffer.start, runningMean: runningMean.start,
        runningVariance: runningVariance.start)
    }

    var reference: ReferenceBatchNorm {
      ReferenceBatchNorm(channels: norm.channels, epsilon: epsilon)
    }

    func forward(_ mode: BatchNorm.Mode, _ src: [Double]) -> [Double] {
      let given = GuardedInputs()
      defer { given.verify() }
      let dst = GuardedBuffer(count: norm.count)
      norm.forward(mode, src: given(src), tensors: tensors, dst: dst.start)
      return dst.values
    }
  }

  @Test(
    "normalises with batch statistics and moves the running ones by a fifth, unbiased",
    arguments: extents, runnableInstructionSets)
  func training(extents: (Int, Int, Int), instructionSet: InstructionSet) throws {
    let subject = try Subject(extents, instructionSet)
    var random = RandomNumbers(seed: 7)
    let src = random.array(subject.norm.count)
    let (mean, variance) = subject.reference.statistics(src: src)
    let oldMean = subject.runningMean.values
    let oldVariance = subject.runningVariance.values
    let expected = subject.reference.forward(
      src: src, scale: subject.scale, shift: subject.shift, mean: mean, variance: variance)

    #expect(relativeError(subject.forward(.gradientFree, src), expected) < singleTolerance)
    #expect(subject.runningMean.values == oldMean)
    #expect(subject.runningVariance.values == oldVariance)

    #expect(relativeError(subject.forward(.training, src), expected) < singleTolerance)
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
    let subject = try Subject(extents, .effective)
    var random = RandomNumbers(seed: 8)
    let src = random.array(subject.norm.count)
    let expected = subject.reference.forward(
      src: src, scale: subject.scale, shift: subject.shift, mean: subject.runningMean.values,
      variance: subject.runningVariance.values)
    #expect(relativeError(subject.forward(.inference, src), expected) < singleTolerance)
  }

  @Test(
    "a mean that is a thousand times the deviation costs no accuracy beyond the source's rounding",
    arguments: runnableInstructionSets)
  func largeMean(instructionSet: InstructionSet) throws {
    let subject = try Subject((3, 25, 32), instructionSet)
    var random = RandomNumbers(seed: 9)
    let src = random.array(subject.norm.count).map { Double(Float(1_000 + $0)) }
    let (mean, variance) = subject.reference.statistics(src: src)
    let expected = subject.reference.forward(
      src: src, scale: subject.scale, shift: subject.shift, mean: mean, variance: variance)
    // The mean itself is rounded to fp32: 1000 · 2⁻²⁴ in units of a deviation of about 0.58.
    #expect(relativeError(subject.forward(.training, src), expected) < 1e-4)
  }

  @Test(
    "has the reference's gradients, through the leaky ReLU before it",
    arguments: extents, runnableInstructionSets)
  func backward(extents: (Int, Int, Int), instructionSet: InstructionSet) throws {
    let given = GuardedInputs()
    defer { given.verify() }
    let subject = try Subject(extents, instructionSet)
    var random = RandomNumbers(seed: 10)
    let src = ReferenceActivations.leakyReLU(random.array(subject.norm.count), slope: Self.slope)
      .map { Double(Float($0)) }
    let diffDst = random.array(subject.norm.count)
    _ = subject.forward(.training, src)
    // Passes that keep nothing may come between.
    _ = subject.forward(.gradientFree, src.map { 3 * $0 })
    _ = subject.forward(.inference, src)

    let channels = subject.norm.channels
    let diff = GuardedBuffer(diffDst)
    let diffScale = GuardedBuffer(count: channels)
    let diffShift = GuardedBuffer(count: channels)
    let diffBias = GuardedBuffer(count: channels)
    subject.norm.backward(
      diffDst: diff.start, src: given(src), scale: subject.tensors.scale,
      diffSrc: diff.start, diffScale: diffScale.start, diffShift: diffShift.start,
      diffBias: diffBias.start)

    let expected = subject.reference.backward(src: src, scale: subject.scale, diffDst: diffDst)
    let through = ReferenceActivations.leakyReLUGradient(
      dst: src, diffDst: expected.src, slope: Self.slope)
    #expect(relativeError(diff.values, through) < singleTolerance)
    #expect(relativeError(diffScale.values, expected.scale) < singleTolerance)
    #expect(relativeError(diffShift.values, expected.shift) < singleTolerance)
    var sums = [Double](repeating: 0, count: channels)
    for (index, value) in through.enumerated() { sums[index % channels] += value }
    #expect(relativeError(diffBias.values, sums) < 10 * singleTolerance)
  }

  @Test("the reference's gradients are those of its forward direction")
  func referenceGradients() {
    let reference = ReferenceBatchNorm(channels: 3, epsilon: Self.epsilon)
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
