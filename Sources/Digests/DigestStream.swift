import CSHA256
import CSodium
import Files
import Foundation

/// Computes the SHA-256 digest of bytes that arrive in pieces.
///
/// libsodium: `crypto_hash_sha256_init`, `_update`, `_final`. If the processor has instructions for
/// SHA-256, they process whole blocks, five times as fast, with the same state.
package struct DigestStream: Sendable {
  private var context = crypto_hash_sha256_state()

  /// Bytes of a block of SHA-256.
  static let blockByteCount = 64
  private static let isFast = cs_sha256_is_fast() != 0

  /// Starts the digest of an empty byte sequence.
  package init() {
    crypto_hash_sha256_init(&context)
  }

  /// Calls a function with libsodium's state.
  mutating func withUnsafeMutableState<Value>(
    _ body: (inout crypto_hash_sha256_state) -> Value
  ) -> Value {
    body(&context)
  }

  /// Appends bytes to the sequence.
  package mutating func append(_ bytes: UnsafeRawBufferPointer) {
    guard Self.isFast else { return appendPortably(bytes) }
    // The state has the number of bits and the bytes of the incomplete block.
    let held = Int(context.count >> 3) % Self.blockByteCount
    let head = held == 0 ? 0 : min(Self.blockByteCount - held, bytes.count)
    let blockCount = (bytes.count - head) / Self.blockByteCount
    let end = head + blockCount * Self.blockByteCount
    appendPortably(UnsafeRawBufferPointer(rebasing: bytes[..<head]))
    appendBlocks(UnsafeRawBufferPointer(rebasing: bytes[head..<end]), blockCount)
    appendPortably(UnsafeRawBufferPointer(rebasing: bytes[end...]))
  }

  private mutating func appendBlocks(_ bytes: UnsafeRawBufferPointer, _ blockCount: Int) {
    guard blockCount > 0, let base = bytes.baseAddress else { return }
    withUnsafeMutablePointer(to: &context.state) { words in
      words.withMemoryRebound(to: UInt32.self, capacity: 8) { words in
        cs_sha256_blocks(words, base.assumingMemoryBound(to: UInt8.self), blockCount)
      }
    }
    context.count &+= UInt64(bytes.count) << 3
  }

  private mutating func appendPortably(_ bytes: UnsafeRawBufferPointer) {
    guard !bytes.isEmpty, let base = bytes.baseAddress else { return }
    crypto_hash_sha256_update(
      &context, base.assumingMemoryBound(to: UInt8.self), UInt64(bytes.count))
  }

  /// Appends bytes to the sequence.
  package mutating func append(_ bytes: some ContiguousBytes) {
    bytes.withUnsafeBytes { append($0) }
  }

  /// The digest of all bytes appended so far; more can be appended.
  package var digest: Digest {
    var finished = context
    let digest = withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Digest.byteCount) {
      bytes -> Digest? in
      guard let start = bytes.baseAddress else { return nil }
      crypto_hash_sha256_final(&finished, start)
      return Digest(UnsafeRawBufferPointer(bytes))
    }
    guard let digest else { preconditionFailure("SHA-256 yields 32 bytes") }
    return digest
  }
}

extension Digest {
  /// The digest of some bytes in memory.
  package static func of(_ bytes: some ContiguousBytes) -> Digest {
    var stream = DigestStream()
    stream.append(bytes)
    return stream.digest
  }

  /// The digest of a text's UTF-8 bytes.
  package static func of(_ text: String) -> Digest {
    var text = text
    return text.withUTF8 { of($0) }
  }

  /// The digest of a file's content, read in pieces of 1 MiB.
  ///
  /// - Throws: The file system's error if the file cannot be read, or is a pipe or a device.
  package static func ofFile(at url: URL) throws -> Digest {
    let file = try RegularFile.reading(url)
    defer { try? file.close() }
    var stream = DigestStream()
    while let piece = try file.read(upToCount: 1 << 20), !piece.isEmpty {
      stream.append(piece)
    }
    return stream.digest
  }
}
