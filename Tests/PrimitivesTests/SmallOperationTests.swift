import Primitives
import Testing

@Suite("Leaky ReLU, transposition, memory and versions")
struct SmallOperationTests {
  @Test(
    "the gradient of a leaky ReLU follows its output's sign", arguments: runnableInstructionSets)
  func leakyGradient(instructionSet: InstructionSet) throws {
    let given = GuardedInputs()
    defer { given.verify() }
    var random = RandomNumbers(seed: 17)
    let dst = random.array(51) + [0]
    let diff = random.array(52)
    let buffer = GuardedBuffer(diff)
    LeakyReLU(try ComputeContext(instructionSet: instructionSet), slope: 0.02).backward(
      dst: given(dst), diff: buffer.start, count: 52)
    let expected = ReferenceActivations.leakyReLUGradient(dst: dst, diffDst: diff, slope: 0.02)
    #expect(relativeError(buffer.values, expected) < singleTolerance)
  }

  @Test("a transposition swaps the two middle axes")
  func transposition() {
    let given = GuardedInputs()
    defer { given.verify() }
    let values = (0..<24).map(Double.init)
    let copy = GuardedBuffer(count: 24)
    Transpose.copy(given(values), outer: 2, a: 2, b: 3, inner: 2, to: copy.start)
    #expect(copy.values.prefix(12) == [0, 1, 6, 7, 2, 3, 8, 9, 4, 5, 10, 11])
    #expect(copy.values.suffix(12).first == 12)
  }

  @Test("buffers begin at multiples of 64 bytes", arguments: [0, 1, 1_000])
  func alignment(count: Int) {
    let buffer = AlignedBuffer<Float>(count: count)
    #expect(UInt(bitPattern: buffer.start) % 64 == 0)
    #expect(buffer.elements.allSatisfy { $0 == 0 })
  }

  @Test("oneDNN says its version, and errors name the operation and the status")
  func names() {
    #expect(OneDNN.version.split(separator: ".").count == 3)
    let error = PrimitiveError.library(operation: "dnnl_engine_create", status: 3)
    #expect(
      error.description == "oneDNN: dnnl_engine_create failed with unimplemented (status 3)")
  }
}
