import Primitives
import TestSupport
import Testing

@Suite("Linear layer in bf16")
struct RoundedLinearTests {
  @Test(
    "multiplies rounded numbers and adds up in fp32",
    arguments: [(4, 96, 128), (3, 5, 7), (13, 33, 64), (2, 41, 25), (67, 18, 40), (65, 1, 3)],
    roundingInstructionSets)
  func agreesWithReference(extents: (Int, Int, Int), instructionSet: InstructionSet) throws {
    let (batch, inputs, outputs) = extents
    let given = GuardedInputs()
    defer { given.verify() }
    var random = RandomNumbers(seed: 35)
    let src = random.array(batch * inputs)
    let weights = random.array(inputs * outputs)
    let bias = random.array(outputs)
    let diffDst = random.array(batch * outputs)
    let context = try ComputeContext(instructionSet: instructionSet, arithmetic: .bf16)
    let reference = ReferenceLinear(batch: batch, inputs: inputs, outputs: outputs)

    let leaky = Linear(context, batch: batch, inputs: inputs, outputs: outputs, leakySlope: 0.02)
    leaky.updateWeights(from: given(weights))
    let dst = GuardedBuffer(count: batch * outputs)
    leaky.forward(src: given(src), bias: given(bias), dst: dst.start)
    let sums = reference.forward(src: rounded(src), weights: rounded(weights), bias: bias)
    #expect(
      relativeError(dst.values, ReferenceActivations.leakyReLU(sums, slope: 0.02))
        < singleTolerance)

    let diffSrc = GuardedBuffer(count: batch * inputs)
    let diffWeights = GuardedBuffer(count: inputs * outputs)
    let diffBias = GuardedBuffer(count: outputs)
    leaky.backwardData(diffDst: given(diffDst), diffSrc: diffSrc.start)
    leaky.backwardWeights(
      src: given(src), diffDst: given(diffDst), diffWeights: diffWeights.start,
      diffBias: diffBias.start)
    let gradients = reference.backward(
      src: rounded(src), weights: rounded(weights), diffDst: rounded(diffDst))
    #expect(relativeError(diffSrc.values, gradients.src) < singleTolerance)
    #expect(relativeError(diffWeights.values, gradients.weights) < singleTolerance)
    // The bias's gradient is a sum of numbers that are not rounded.
    let plain = reference.backward(src: src, weights: weights, diffDst: diffDst)
    #expect(relativeError(diffBias.values, plain.bias) < singleTolerance)
  }

  @Test("NaN stays NaN", arguments: roundingInstructionSets)
  func notANumber(instructionSet: InstructionSet) throws {
    let context = try ComputeContext(instructionSet: instructionSet, arithmetic: .bf16)
    let linear = Linear(context, batch: 2, inputs: 2, outputs: 2)
    let weights = GuardedBuffer([1, 0, 0, 1])
    linear.updateWeights(from: weights.start)
    // This one would round up to minus zero.
    let src = GuardedBuffer([1, 1, 1, 1])
    src.start[0] = Float(bitPattern: 0x7fff_ffff)
    let bias = GuardedBuffer([0, 0])
    let dst = GuardedBuffer(count: 4)
    linear.forward(src: src.start, bias: bias.start, dst: dst.start)
    #expect(dst.values[0].isNaN && dst.values[1].isNaN)
    #expect(dst.values[2...] == [1, 1])
  }
}
