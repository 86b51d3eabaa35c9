import Primitives
import Testing

@Suite("Sigmoid and squared error")
struct SigmoidSquaredErrorTests {
  /// Sums of 2×2 squares plus bias, the sigmoid's input.
  private func sums(_ transposed: [Double], bias: [Double], batch: Int, size: Int) -> [Double] {
    let channels = bias.count
    var result: [Double] = []
    for image in 0..<batch {
      for row in 0..<size {
        for column in 0..<size {
          for channel in 0..<channels {
            var sum = bias[channel]
            for (y, x) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
              let pixel = (image * (size + 1) + row + y) * (size + 1) + column + x
              sum += transposed[pixel * channels + channel]
            }
            result.append(sum)
          }
        }
      }
    }
    return result
  }

  @Test(
    "agrees with the reference, and its optional results change no bit of the errors",
    arguments: [(2, 12, 3), (3, 28, 1), (2, 5, 1)], runnableInstructionSets)
  func agreesWithReference(
    extents: (batch: Int, size: Int, channels: Int), instructionSet: InstructionSet
  ) throws {
    let given = GuardedInputs()
    defer { given.verify() }
    let (batch, size, channels) = extents
    var random = RandomNumbers(seed: 14)
    let transposed = random.array(batch * (size + 1) * (size + 1) * channels).map { 2 * $0 }
    let bias = random.array(channels)
    let target = random.array(batch * size * size * channels).map { abs($0) }
    let operation = SigmoidSquaredError(
      try ComputeContext(instructionSet: instructionSet), batch: batch, size: size,
      channels: channels)
    let errors = AlignedBuffer<Double>(count: batch)
    let reconstruction = GuardedBuffer(count: target.count)
    let diffSrc = GuardedBuffer(count: target.count)
    operation.forward(
      transposed: given(transposed), bias: given(bias),
      target: given(target), reconstruction: reconstruction.start,
      diffSrc: diffSrc.start, squaredErrors: errors.start)

    let expected = ReferenceActivations.sigmoid(
      sums(transposed, bias: bias, batch: batch, size: size))
    let expectedErrors = ReferenceActivations.squaredErrors(
      reconstruction: expected, target: target, batch: batch)
    let expectedGradient = ReferenceActivations.sigmoidSquaredErrorGradient(
      reconstruction: expected, target: target)
    #expect(relativeError(reconstruction.values, expected) < singleTolerance)
    #expect(relativeError(Array(errors.elements), expectedErrors) < singleTolerance)
    #expect(relativeError(diffSrc.values, expectedGradient) < singleTolerance)

    let withGradient = Array(errors.elements)
    operation.forward(
      transposed: given(transposed), bias: given(bias),
      target: given(target), reconstruction: nil, diffSrc: nil,
      squaredErrors: errors.start)
    #expect(Array(errors.elements) == withGradient)

    let diffBias = GuardedBuffer(count: channels)
    operation.biasGradient(diffSrc: diffSrc.start, scale: 0.25, diffBias: diffBias.start)
    var sums = [Double](repeating: 0, count: channels)
    for (index, value) in expectedGradient.enumerated() { sums[index % channels] += value / 4 }
    #expect(relativeError(diffBias.values, sums) < 10 * singleTolerance)
  }

  @Test("saturates without overflow", arguments: runnableInstructionSets)
  func saturation(instructionSet: InstructionSet) throws {
    let given = GuardedInputs()
    defer { given.verify() }
    let arguments: [Double] = [-500, -88, -30, 30, 88, 500, 0, 1]
    let operation = SigmoidSquaredError(
      try ComputeContext(instructionSet: instructionSet), batch: arguments.count, size: 1,
      channels: 1)
    let transposed = arguments.flatMap { (value: Double) -> [Double] in [value, 0, 0, 0] }
    let target = arguments.map { _ in 0.0 }
    let reconstruction = GuardedBuffer(count: arguments.count)
    let diffSrc = GuardedBuffer(count: arguments.count)
    let errors = AlignedBuffer<Double>(count: arguments.count)
    operation.forward(
      transposed: given(transposed), bias: given([0]),
      target: given(target), reconstruction: reconstruction.start,
      diffSrc: diffSrc.start, squaredErrors: errors.start)
    let expected = ReferenceActivations.sigmoid(arguments)
    #expect(relativeError(reconstruction.values, expected) < singleTolerance)
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
