import Primitives
import Testing

/// Aligned fp32 memory between guard values, which an operation must not change.
final class GuardedBuffer {
  private static let guardCount = 64
  private static let guardValue: Float = 12_345.5
  private let buffer: AlignedBuffer<Float>
  private let count: Int

  /// Memory filled with a number that no result contains.
  init(count: Int) {
    self.count = count
    buffer = AlignedBuffer(count: count + 2 * Self.guardCount)
    buffer.elements.update(repeating: Self.guardValue)
    for index in 0..<count { start[index] = .nan }
  }

  /// Memory that holds the given values.
  convenience init(_ values: [Double]) {
    self.init(count: values.count)
    for (index, value) in values.enumerated() { start[index] = Float(value) }
  }

  var start: UnsafeMutablePointer<Float> { buffer.start + Self.guardCount }

  /// The memory's values; records an issue if a guard value has changed.
  var values: [Double] {
    let before = buffer.elements.prefix(Self.guardCount)
    let after = buffer.elements.suffix(Self.guardCount)
    #expect(before.allSatisfy { $0 == Self.guardValue }, "memory before the buffer was written")
    #expect(after.allSatisfy { $0 == Self.guardValue }, "memory after the buffer was written")
    return (0..<count).map { Double(start[$0]) }
  }
}
