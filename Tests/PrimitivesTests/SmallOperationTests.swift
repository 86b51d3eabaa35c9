import Primitives
import TestSupport
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

  @Test(
    "images and channel-by-channel rows are transposed into each other",
    arguments: [(16, 64), (49, 16), (5, 3)], runnableInstructionSets)
  func transposition(extents: (Int, Int), instructionSet: InstructionSet) throws {
    let given = GuardedInputs()
    defer { given.verify() }
    let (rows, columns) = extents
    let values = (0..<2 * rows * columns).map(Double.init)
    let copy = GuardedBuffer(count: values.count)
    let transpose = Transpose(try ComputeContext(instructionSet: instructionSet), batch: 2)
    transpose.copyImages(given(values), channels: columns, pixels: rows, to: copy.start)
    let expected = (0..<values.count).map { index in
      let (matrix, element) = index.quotientAndRemainder(dividingBy: rows * columns)
      return values[matrix * rows * columns + element % rows * columns + element / rows]
    }
    #expect(copy.values == expected)
    let back = GuardedBuffer(count: values.count)
    transpose.copyRows(copy.start, channels: columns, pixels: rows, to: back.start)
    #expect(back.values == values)
  }

  @Test("buffers begin at multiples of 64 bytes", arguments: [0, 1, 1_000])
  func alignment(count: Int) {
    let buffer = AlignedBuffer<Float>(count: count)
    #expect(UInt(bitPattern: buffer.start) % 64 == 0)
    #expect(buffer.elements.allSatisfy { $0 == 0 })
  }

  @Test("the environment limits the instruction set and never widens it")
  func limit() {
    #expect(InstructionSet.limited(to: nil, processor: .avx2) == .avx2)
    #expect(InstructionSet.limited(to: "avx2", processor: .avx512) == .avx2)
    #expect(InstructionSet.limited(to: "portable", processor: .avx512) == .portable)
    #expect(InstructionSet.limited(to: "avx512", processor: .avx2) == .avx2)
    #expect(InstructionSet.limited(to: "sse9", processor: .avx2) == .avx2)
    #expect(InstructionSet.limited(to: "avx512", processor: .avx512BF16) == .avx512)
    #expect(InstructionSet.limited(to: "avx512-bf16", processor: .avx512) == .avx512)
  }

  @Test("an instruction set that is missing is named")
  func names() {
    #expect(
      PrimitiveError.unavailable(.avx512, available: .avx2).description
        == "instruction set avx512: expected at most avx2 here")
  }

  @Test("a processor runs the instruction sets up to its own")
  func inclusion() {
    let all = InstructionSet.allCases
    #expect(all.filter(InstructionSet.avx512BF16.includes) == all)
    #expect(all.filter(InstructionSet.avx512.includes) == [.avx512, .avx2, .portable])
    #expect(all.filter(InstructionSet.avx2.includes) == [.avx2, .portable])
    #expect(all.filter(InstructionSet.portable.includes) == [.portable])
  }
}
