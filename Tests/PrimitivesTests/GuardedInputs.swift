import Testing

/// The inputs of a test's operations: kept alive to its end, and checked to be unchanged.
final class GuardedInputs {
  private var held: [(buffer: GuardedBuffer, values: [Double])] = []

  /// Guarded memory that holds the given values.
  func callAsFunction(_ values: [Double]) -> UnsafeMutablePointer<Float> {
    let buffer = GuardedBuffer(values)
    held.append((buffer, buffer.values))
    return buffer.start
  }

  /// Records an issue for every input that an operation has changed; call it in a `defer`.
  func verify() {
    for (buffer, values) in held { #expect(buffer.values == values, "an input was written") }
  }
}
