import CZlib
import Files
import Glibc

/// Checks a gzip file: RFC 1952, one or more members, optionally followed by zeros (tape padding).
///
/// libarchive inflates gzip without checking checksum and length, so it can accept a damaged file;
/// zlib checks both for every member. The C functions are `inflateInit2`, `inflate`, `inflateReset`
/// and `inflateEnd`.
struct GzipFile: ~Copyable {
  private static let inputByteCount = 1 << 16
  private static let outputByteCount = 1 << 18
  /// `windowBits`: the largest window, with gzip's header and trailer instead of zlib's.
  private static let windowBits: Int32 = 15 + 16

  private let file: OpenFile<DatasetError>
  private let state: UnsafeMutablePointer<z_stream>
  private var output = [UInt8](repeating: 0, count: Self.outputByteCount)
  private var byteCount = 0

  /// The decompressed size of a gzip file after it was inflated and checked; nil if the file is not
  /// a gzip file.
  static func byteCount(of path: String) throws(DatasetError) -> Int? {
    let file = try OpenFile<DatasetError>(path, flags: O_RDONLY)
    guard try file.read(at: 0, count: 2) == [0x1f, 0x8b] else { return nil }
    var gzip = try GzipFile(file)
    try gzip.inflateAll()
    return gzip.byteCount
  }

  private init(_ file: consuming OpenFile<DatasetError>) throws(DatasetError) {
    self.file = file
    state = .allocate(capacity: 1)
    state.initialize(to: z_stream())
    let size = Int32(MemoryLayout<z_stream>.size)
    let status = inflateInit2_(state, Self.windowBits, ZLIB_VERSION, size)
    guard status == Z_OK else { throw failure("zlib has no memory") }
  }

  deinit {
    inflateEnd(state)
    state.deallocate()
  }

  private mutating func inflateAll() throws(DatasetError) {
    var offset = 0
    var isInMember = true
    while true {
      let input = try file.read(at: offset, count: Self.inputByteCount)
      guard !input.isEmpty else { break }
      if isInMember {
        let (consumed, isAtEnd) = try inflate(input)
        offset += consumed
        isInMember = !isAtEnd
      } else if input.starts(with: [0x1f, 0x8b]) {
        inflateReset(state)
        isInMember = true
      } else {
        guard input.allSatisfy({ $0 == 0 }) else {
          throw .malformed(
            place: file.path, offset: byteCount, field: "end of the gzip data",
            found: "other bytes from byte \(offset) of the file on",
            expected: "another gzip member, or zeros")
        }
        offset += input.count
      }
    }
    guard !isInMember else { throw failure("the compressed data ends too early") }
  }

  /// Inflates a piece of a member.
  ///
  /// - Returns: The number of bytes that belong to the member, and whether it ends there.
  private mutating func inflate(
    _ input: [UInt8]
  ) throws(DatasetError) -> (consumed: Int, isAtEnd: Bool) {
    let state = state
    var status = Z_OK
    var count = 0
    input.withUnsafeBufferPointer { input in
      output.withUnsafeMutableBufferPointer { output in
        state.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
        state.pointee.avail_in = UInt32(input.count)
        repeat {
          state.pointee.next_out = output.baseAddress
          state.pointee.avail_out = UInt32(output.count)
          status = CZlib.inflate(state, Z_NO_FLUSH)
          count += output.count - Int(state.pointee.avail_out)
        } while status == Z_OK && (state.pointee.avail_in > 0 || state.pointee.avail_out == 0)
      }
    }
    byteCount += count
    guard [Z_OK, Z_STREAM_END, Z_BUF_ERROR].contains(status) else {
      throw failure(
        state.pointee.msg.map { "gzip: " + String(cString: $0) } ?? "zlib's error \(status)")
    }
    return (input.count - Int(state.pointee.avail_in), status == Z_STREAM_END)
  }

  private func failure(_ reason: String) -> DatasetError {
    .undecodable(place: file.path, offset: byteCount, reason: reason)
  }
}
