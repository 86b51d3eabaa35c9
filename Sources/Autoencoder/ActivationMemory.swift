import Primitives

/// One allocation for a network's activations: parts are first reserved, then allocated together,
/// each aligned to 64 bytes.
final class ActivationMemory {
  /// A reserved part.
  struct Part {
    fileprivate let offset: Int
    /// Elements of the part.
    let count: Int
  }

  private var reserved = 0
  private var buffer: AlignedBuffer<Float>?

  /// Reserves `count` floats; call it before ``allocate()``.
  func reserve(_ count: Int) -> Part {
    precondition(buffer == nil, "parts are reserved before the memory is allocated")
    let unit = AlignedBuffer<Float>.alignment / MemoryLayout<Float>.stride
    let part = Part(offset: reserved, count: count)
    reserved += (count + unit - 1) / unit * unit
    return part
  }

  /// Allocates every reserved part, zeroed.
  func allocate() {
    buffer = AlignedBuffer(count: reserved)
  }

  /// The start of a part; valid after ``allocate()``.
  subscript(part: Part) -> UnsafeMutablePointer<Float> {
    guard let buffer else { preconditionFailure("the memory is allocated before it is used") }
    return buffer.start + part.offset
  }

  /// The elements of a part; valid after ``allocate()``.
  func elements(_ part: Part) -> UnsafeMutableBufferPointer<Float> {
    UnsafeMutableBufferPointer(start: self[part], count: part.count)
  }
}
