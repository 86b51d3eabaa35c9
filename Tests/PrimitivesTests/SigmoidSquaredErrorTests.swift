import Primitives
import TestSupport
import Testing

@Suite("Sigmoid and squared error")
struct SigmoidSquaredErrorTests {
  @Test(
    "agrees with the reference; optional results do not change the errors' bits",
    arguments: [(2, 432), (3, 784), (2, 25), (1, 5_000)], runnableInstructionSets)
  func agreesWithReference(
    extents: (batch: Int, count: Int), instructionSet: InstructionSet
  ) throws {
    let given = GuardedInputs()
    defer { given.verify() }
    let (batch, count) = extents
    var random = RandomNumbers(seed: 14)
    let src = random.array(batch * count).map { 8 * $0 }
    let target = random.array(batch * count).map { abs($0) }
    let operation = SigmoidSquaredError(
      try ComputeContext(instructionSet: instructionSet), batch: batch, count: count)
    let errors = AlignedBuffer<Double>(count: batch)
    let reconstruction = GuardedBuffer(count: target.count)
    let diff = GuardedBuffer(src)
    // The gradient may overwrite the source.
    operation.forward(
      src: diff.start, target: given(target), reconstruction: reconstruction.start,
      diffSrc: diff.start, squaredErrors: errors.start)

    let expected = ReferenceActivations.sigmoid(src)
    let expectedErrors = ReferenceActivations.squaredErrors(
      reconstruction: expected, target: target, batch: batch)
    let expectedGradient = ReferenceActivations.sigmoidSquaredErrorGradient(
      reconstruction: expected, target: target)
    #expect(relativeError(reconstruction.values, expected) < singleTolerance)
    #expect(relativeError(Array(errors.elements), expectedErrors) < singleTolerance)
    #expect(relativeError(diff.values, expectedGradient) < singleTolerance)

    let withGradient = Array(errors.elements)
    operation.forward(
      src: given(src), target: given(target), reconstruction: nil, diffSrc: nil,
      squaredErrors: errors.start)
    #expect(Array(errors.elements) == withGradient)
  }

  @Test("saturates without overflow", arguments: runnableInstructionSets)
  func saturation(instructionSet: InstructionSet) throws {
    let given = GuardedInputs()
    defer { given.verify() }
    let src: [Double] = [-500, -88, -30, 30, 88, 500, 0, 1]
    let operation = SigmoidSquaredError(
      try ComputeContext(instructionSet: instructionSet), batch: 1, count: src.count)
    let reconstruction = GuardedBuffer(count: src.count)
    let diffSrc = GuardedBuffer(count: src.count)
    let errors = AlignedBuffer<Double>(count: 1)
    operation.forward(
      src: given(src), target: given(src.map { _ in 0 }), reconstruction: reconstruction.start,
      diffSrc: diffSrc.start, squaredErrors: errors.start)
    #expect(
      relativeError(reconstruction.values, ReferenceActivations.sigmoid(src)) < singleTolerance)
    #expect(diffSrc.values.allSatisfy { $0.isFinite })
  }

  @Test("the reference's gradient is that of its errors")
  func referenceGradient() {
    var random = RandomNumbers(seed: 15)
    let src = random.array(12)
    let target = random.array(12)
    let direction = random.array(12)
    let gradient = ReferenceActivations.sigmoidSquaredErrorGradient(
      reconstruction: ReferenceActivations.sigmoid(src), target: target)
    let derivative = directionalDerivative(at: src, along: direction) {
      ReferenceActivations.squaredErrors(
        reconstruction: ReferenceActivations.sigmoid($0), target: target, batch: 2
      ).reduce(0, +)
    }
    #expect(abs(derivative - dot(gradient, direction)) < 1e-8)
  }
}
