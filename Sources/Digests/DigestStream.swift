import CSodium
import Foundation

/// Computes the SHA-256 digest of bytes that arrive in pieces.
///
/// libsodium: `crypto_hash_sha256_init`, `_update`, `_final`.
package struct DigestStream: Sendable {
  private var state = crypto_hash_sha256_state()

  /// Starts the digest of an empty byte sequence.
  package init() {
    crypto_hash_sha256_init(&state)
  }

  /// Appends bytes to the sequence.
  package mutating func append(_ bytes: UnsafeRawBufferPointer) {
    guard let base = bytes.baseAddress else { return }
    crypto_hash_sha256_update(
      &state, base.assumingMemoryBound(to: UInt8.self), UInt64(bytes.count))
  }

  /// Appends bytes to the sequence.
  package mutating func append(_ bytes: some ContiguousBytes) {
    bytes.withUnsafeBytes { append($0) }
  }

  /// The digest of everything appended so far; the stream can go on.
  package var digest: Digest {
    var finished = state
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
  /// - Throws: the file system's error when the file cannot be read.
  package static func ofFile(at url: URL) throws -> Digest {
    let file = try FileHandle(forReadingFrom: url)
    defer { try? file.close() }
    var stream = DigestStream()
    while let piece = try file.read(upToCount: 1 << 20), !piece.isEmpty {
      stream.append(piece)
    }
    return stream.digest
  }
}
