import Primitives
import Testing

@Suite("Peak arithmetic")
struct PeakArithmeticTests {
  @Test(
    "every lane of every vector is updated in every round",
    arguments: runnableInstructionSets, [0, 1, 5])
  func sum(instructionSet: InstructionSet, rounds: Int) {
    let peak = PeakArithmetic(instructionSet: instructionSet)
    let vectors = 12
    var expected = 0.0
    for start in 0..<vectors {
      var value = Double(start)
      for _ in 0..<rounds { value = 0.5 * value + 3 }
      expected += value
    }
    expected *= Double(peak.multipliesPerRound / vectors)
    #expect(peak.run(rounds: rounds, factor: 0.5, addend: 3) == expected)
  }

  @Test(
    "in bf16 a round has two multiply-adds per lane", arguments: roundingInstructionSets, [0, 1, 5])
  func rounded(instructionSet: InstructionSet, rounds: Int) {
    let peak = PeakArithmetic(instructionSet: instructionSet, arithmetic: .bf16)
    let vectors = 12
    let lanes = Double(peak.multipliesPerRound / vectors / 2)
    let starts = Double((0..<vectors).reduce(0, +))
    let expected = lanes * (starts + Double(vectors * rounds) * 2 * 0.5 * 3)
    #expect(peak.run(rounds: rounds, factor: 0.5, addend: 3) == expected)
  }
}
