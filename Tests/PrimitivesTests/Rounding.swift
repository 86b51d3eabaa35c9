import Primitives

/// A number rounded to bf16, to nearest with ties to even.
func rounded(_ value: Double) -> Double {
  let bits = Float(value).bitPattern
  let up = bits &+ 0x7fff &+ (bits >> 16 & 1)
  return Double(Float(bitPattern: up & 0xffff_0000))
}

/// Every element rounded to bf16.
func rounded(_ values: [Double]) -> [Double] { values.map { rounded($0) } }

/// Guarded memory of an activation in bf16, two numbers to a float.
final class StoredBuffer {
  private let buffer: GuardedBuffer
  private let count: Int

  /// Memory without numbers.
  init(count: Int) {
    self.count = count
    buffer = GuardedBuffer(count: (count + 1) / 2)
  }

  /// Memory that holds the given values, rounded.
  convenience init(_ values: [Double]) {
    self.init(count: values.count)
    for (index, value) in values.enumerated() {
      halves[index] = UInt16(Float(rounded(value)).bitPattern >> 16)
    }
  }

  var start: UnsafeMutablePointer<Float> { buffer.start }

  private var halves: UnsafeMutablePointer<UInt16> {
    UnsafeMutableRawPointer(buffer.start).assumingMemoryBound(to: UInt16.self)
  }

  /// The memory's values; records an issue if a guard value has changed.
  var values: [Double] {
    _ = buffer.values
    return (0..<count).map { Double(Float(bitPattern: UInt32(halves[$0]) << 16)) }
  }
}

/// The instruction sets that this processor can run bf16 arithmetic on.
let roundingInstructionSets = InstructionSet.allCases.filter {
  InstructionSet.effective(for: .bf16).includes($0)
}

/// The tolerance of a result rounded to bf16, relative to the largest: half a unit in the last of
/// eight bits, plus the effect of factors that were rounded the other way.
let storedTolerance = 5e-3

/// fp32 sums of products of bf16 numbers, some of whose factors may have been rounded the other way
/// than the reference's.
let roundedTolerance = 2e-3
