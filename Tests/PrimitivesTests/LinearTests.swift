import Primitives
import TestSupport
import Testing

@Suite("Linear layer")
struct LinearTests {
  // More rows than a pass multiplies at a time, and every kind of remainder of rows, inputs and
  // outputs.
  @Test(
    "agrees with the reference",
    arguments: [(4, 96, 128), (3, 5, 7), (13, 33, 64), (2, 41, 25), (67, 18, 40)],
    runnableInstructionSets)
  func agreesWithReference(extents: (Int, Int, Int), instructionSet: InstructionSet) throws {
    let (batch, inputs, outputs) = extents
    let given = GuardedInputs()
    defer { given.verify() }
    var random = RandomNumbers(seed: 12)
    let src = random.array(batch * inputs)
    let weights = random.array(inputs * outputs)
    let bias = random.array(outputs)
    let diffDst = random.array(batch * outputs)
    let context = try ComputeContext(instructionSet: instructionSet)
    let reference = ReferenceLinear(batch: batch, inputs: inputs, outputs: outputs)
    let expected = reference.forward(src: src, weights: weights, bias: bias)

    let plain = Linear(context, batch: batch, inputs: inputs, outputs: outputs)
    plain.updateWeights(from: given(weights))
    let dst = GuardedBuffer(count: batch * outputs)
    plain.forward(src: given(src), bias: given(bias), dst: dst.start)
    #expect(relativeError(dst.values, expected) < singleTolerance)

    let leaky = Linear(
      context, batch: batch, inputs: inputs, outputs: outputs, leakySlope: 0.02)
    leaky.updateWeights(from: given(weights))
    leaky.forward(src: given(src), bias: given(bias), dst: dst.start)
    #expect(
      relativeError(dst.values, ReferenceActivations.leakyReLU(expected, slope: 0.02))
        < singleTolerance)

    let diffSrc = GuardedBuffer(count: batch * inputs)
    let diffWeights = GuardedBuffer(count: inputs * outputs)
    let diffBias = GuardedBuffer(count: outputs)
    plain.backwardData(diffDst: given(diffDst), diffSrc: diffSrc.start)
    plain.backwardWeights(
      src: given(src), diffDst: given(diffDst),
      diffWeights: diffWeights.start, diffBias: diffBias.start)
    let gradients = reference.backward(src: src, weights: weights, diffDst: diffDst)
    #expect(relativeError(diffSrc.values, gradients.src) < singleTolerance)
    #expect(relativeError(diffWeights.values, gradients.weights) < singleTolerance)
    #expect(relativeError(diffBias.values, gradients.bias) < singleTolerance)
  }

  @Test("the reference's gradients are those of its forward direction")
  func referenceGradients() {
    let reference = ReferenceLinear(batch: 2, inputs: 3, outputs: 4)
    var random = RandomNumbers(seed: 13)
    let src = random.array(6)
    let weights = random.array(12)
    let bias = random.array(4)
    let diffDst = random.array(8)
    let gradients = reference.backward(src: src, weights: weights, diffDst: diffDst)
    let product = dot(
      reference.forward(src: src, weights: weights, bias: [0, 0, 0, 0]), diffDst)
    #expect(abs(dot(gradients.src, src) - product) < 1e-12)
    #expect(abs(dot(gradients.weights, weights) - product) < 1e-12)
    let biased = dot(reference.forward(src: src, weights: weights, bias: bias), diffDst)
    #expect(abs(dot(gradients.bias, bias) - (biased - product)) < 1e-12)
  }
}
