/// Memory for numbers, aligned to 64 bytes: one AVX-512 vector or cache line.
///
/// The memory is zeroed at creation and freed with the buffer; pointers into it must not outlive
/// it. A buffer belongs to one thread at a time.
package final class AlignedBuffer<Element: BitwiseCopyable & Numeric> {
  /// The elements.
  package let elements: UnsafeMutableBufferPointer<Element>

  /// The alignment of every buffer, and of every part of a planned buffer, in bytes.
  package static var alignment: Int { 64 }

  /// Allocates `count` zeros.
  package init(count: Int) {
    let memory = UnsafeMutableRawPointer.allocate(
      byteCount: max(count, 1) * MemoryLayout<Element>.stride, alignment: Self.alignment)
    let start = memory.initializeMemory(as: Element.self, repeating: .zero, count: max(count, 1))
    elements = UnsafeMutableBufferPointer(start: start, count: count)
  }

  deinit {
    UnsafeMutableRawPointer(start).deallocate()
  }

  /// The first element's address; valid for an empty buffer too.
  package var start: UnsafeMutablePointer<Element> {
    guard let start = elements.baseAddress else { preconditionFailure("the buffer has memory") }
    return start
  }
}
