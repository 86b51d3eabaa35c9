import CSodium
import Foundation
import TestSupport
import Testing

@testable import Digests

@Suite("SHA-256 digests")
struct DigestTests {
  // FIPS 180-2, appendix B.1 and the well-known digest of the empty string.
  @Test(
    "published digests",
    arguments: [
      ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
      ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    ])
  func published(text: String, expected: String) {
    #expect(Digest.of(text).hexadecimal == expected)
  }

  @Test("digests are ordered as their digits are, however many of these are equal")
  func order() throws {
    for place in 0..<64 {
      let digits = Array(repeating: "8", count: 64)
      var (less, more) = (digits, digits)
      less[place] = "7"
      more[place] = "9"
      // The digits after the first difference count for nothing.
      for later in place + 1..<64 {
        less[later] = "f"
        more[later] = "0"
      }
      let ordered = try [less, digits, more].map {
        try #require(Digest(hexadecimal: $0.joined()))
      }
      #expect(ordered[0] < ordered[1] && ordered[1] < ordered[2], "digit \(place)")
      #expect(!(ordered[2] < ordered[1]) && !(ordered[1] < ordered[0]), "digit \(place)")
    }
  }

  @Test("a stream split anywhere gives the digest of the whole")
  func stream() {
    let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0 * 7) }
    for cut in [0, 1, 63, 64, 65, 999, 1000] {
      var stream = DigestStream()
      stream.append(Array(bytes[..<cut]))
      stream.append(Array(bytes[cut...]))
      #expect(stream.digest == Digest.of(bytes))
    }
  }

  // Libsodium takes all bytes at once; the stream takes whole blocks by the processor's own
  // instructions where it has them.
  @Test("pieces of every length give libsodium's digest")
  func pieces() {
    let bytes = (0..<20_000).map { UInt8(truncatingIfNeeded: $0 &* 167 &+ $0 >> 7) }
    for length in Array(0...200) + [1000, 19_999] {
      var expected = [UInt8](repeating: 0, count: 32)
      crypto_hash_sha256(&expected, bytes, UInt64(length))
      #expect(Digest.of(Array(bytes[..<length])).bytes == expected)
      var stream = DigestStream()
      var start = 0
      for piece in 1... {
        let end = min(length, start + piece * piece % 150)
        stream.append(Array(bytes[start..<end]))
        start = end
        if start == length { break }
      }
      #expect(stream.digest.bytes == expected)
    }
  }

  @Test("a file's digest is that of its bytes")
  func file() throws {
    let folder = try TemporaryFolder()
    let bytes = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0) }
    let url = try folder.file("bytes", holding: bytes)
    #expect(try Digest.ofFile(at: url) == Digest.of(bytes))
  }

  @Test(
    "text that is not a digest is refused",
    arguments: ["", "ab", String(repeating: "g", count: 64)])
  func refused(text: String) {
    #expect(Digest(hexadecimal: text) == nil)
  }
}
