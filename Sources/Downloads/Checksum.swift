import Digests
import Files

/// The published checksum of a file.
package enum Checksum: Hashable, Sendable {
  /// SHA-256.
  case sha256(Digest)
  /// MD5, 32 lowercase hexadecimal digits; detects damage, but not manipulation.
  case md5(String)
}

extension Checksum: CustomStringConvertible {
  package var description: String {
    switch self {
    case .sha256(let digest): "sha256 \(digest)"
    case .md5(let digits): "md5 \(digits)"
    }
  }
}

extension OpenFile where Failure == DownloadError {
  /// SHA-256 of the whole file, and its checksum of the published kind.
  func checksums(
    like published: Checksum
  ) throws(DownloadError) -> (digest: Digest, comparable: Checksum) {
    let pieceByteCount = 1 << 20
    var sha256 = DigestStream()
    var md5 = MD5()
    var offset = 0
    while true {
      let piece = try read(at: offset, count: pieceByteCount)
      if piece.isEmpty { break }
      sha256.append(piece)
      if case .md5 = published { md5.append(piece) }
      offset += piece.count
    }
    let digest = sha256.digest
    return switch published {
    case .sha256: (digest, .sha256(digest))
    case .md5: (digest, .md5(md5.hexadecimal))
    }
  }
}
