import CZlib

/// Inflates a zlib stream (RFC 1950) piece by piece, never more than requested.
///
/// The C functions are `inflateInit`, `inflate` and `inflateEnd`.
struct Inflater: ~Copyable {
  private let place: String
  private let input: ArraySlice<UInt8>
  private let state: UnsafeMutablePointer<z_stream>
  private var consumed = 0
  private var isAtEnd = false
  /// The number of bytes inflated so far.
  private(set) var offset = 0

  /// An inflater of compressed bytes.
  ///
  /// - Parameter place: The file and its part, for messages.
  init(_ input: ArraySlice<UInt8>, place: String) throws(DatasetError) {
    self.place = place
    self.input = input
    state = .allocate(capacity: 1)
    state.initialize(to: z_stream())
    guard
      inflateInit_(state, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK
    else {
      throw .undecodable(place: place, offset: 0, reason: "zlib has no memory")
    }
  }

  deinit {
    inflateEnd(state)
    state.deallocate()
  }

  /// The next `count` bytes; if the stream ends before, the error names `field`.
  mutating func bytes(
    _ count: Int, _ field: @autoclosure () -> String
  ) throws(DatasetError) -> [UInt8] {
    let start = offset
    let bytes = try upTo(count)
    guard bytes.count == count else {
      throw .malformed(
        place: place, offset: offset, field: field(), found: "the end of the data",
        expected: "\(count) bytes from byte \(start) on")
    }
    return bytes
  }

  /// Checks that nothing follows; zlib checks the checksum of all bytes before.
  mutating func expectEnd() throws(DatasetError) {
    guard try upTo(1).isEmpty else {
      throw .malformed(
        place: place, offset: offset - 1, field: "end of the data", found: "more bytes",
        expected: "nothing after \(offset - 1) bytes")
    }
  }

  private mutating func upTo(_ count: Int) throws(DatasetError) -> [UInt8] {
    guard !isAtEnd else { return [] }
    let (state, input, consumed) = (state, input, consumed)
    var status = Z_OK
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { output, filled in
      input.withUnsafeBufferPointer { input in
        guard let source = input.baseAddress, let target = output.baseAddress else { return }
        state.pointee.next_in = UnsafeMutablePointer(mutating: source + consumed)
        state.pointee.avail_in = UInt32(clamping: input.count - consumed)
        state.pointee.next_out = target
        state.pointee.avail_out = UInt32(clamping: count)
        while state.pointee.avail_out > 0, status == Z_OK { status = inflate(state, Z_NO_FLUSH) }
        filled = count - Int(state.pointee.avail_out)
      }
    }
    self.consumed = input.count - Int(state.pointee.avail_in)
    offset += bytes.count
    switch status {
    case Z_OK: break
    case Z_STREAM_END: isAtEnd = true
    case Z_BUF_ERROR:
      throw .undecodable(place: place, offset: offset, reason: "the compressed data ends too early")
    default:
      let reason = state.pointee.msg.map { String(cString: $0) } ?? "zlib's error \(status)"
      throw .undecodable(place: place, offset: offset, reason: reason)
    }
    return bytes
  }
}
