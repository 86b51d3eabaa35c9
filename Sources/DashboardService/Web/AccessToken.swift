import Digests
import Files
import Foundation
import Glibc

/// The secret that a person types once to open a dashboard on the network.
///
/// It is in a file that only its owner can read, never in a URL, on a command line or in a log.
package struct AccessToken: Sendable {
  /// The token's file.
  package let file: URL
  private let digest: Digest

  /// Digits of a token: 256 random bits in hexadecimal.
  private static let digitCount = 64

  /// Reads the token of a file; creates one if there is none.
  ///
  /// - Throws: ``AccessTokenError`` when others may read the file or it holds no token, `FileError`
  ///   when it cannot be read or written.
  package init(file: URL) throws {
    self.file = file
    if !FileManager.default.fileExists(atPath: file.path) {
      try FileManager.default.createDirectory(
        at: file.deletingLastPathComponent(), withIntermediateDirectories: true,
        attributes: [.posixPermissions: 0o700])
      try DurableFile.write(Data((Self.draw() + "\n").utf8), to: file, permissions: 0o600)
    }
    let attributes = try FileManager.default.attributesOfItem(atPath: file.path)
    guard let mode = attributes[.posixPermissions] as? Int, mode & 0o077 == 0 else {
      throw AccessTokenError(
        description: "\(file.path): found a token that others may read, expected mode 0600; remove "
          + "the file, and the next start creates another")
    }
    let text = String(decoding: try WholeFile.read(file.path, limit: 4096), as: UTF8.self)
      .trimmingCharacters(in: .whitespacesAndNewlines)
    guard text.count == Self.digitCount, text.allSatisfy(\.isHexDigit) else {
      throw AccessTokenError(
        description:
          "\(file.path): found no token, expected \(Self.digitCount) hexadecimal digits; "
          + "remove the file, and the next start creates another")
    }
    digest = Digest.of(text)
  }

  /// Whether a text is the token; the duration reveals nothing about it.
  func matches(_ text: String) -> Bool {
    // Comparing digests reveals nothing about the text through timing.
    Digest.of(text.trimmingCharacters(in: .whitespacesAndNewlines)) == digest
  }

  /// A new secret.
  static func draw() -> String {
    var generator = SystemRandomNumberGenerator()
    return (0..<4).map { _ in
      let digits = String(generator.next(), radix: 16)
      return String(repeating: "0", count: 16 - digits.count) + digits
    }.joined()
  }
}

/// Why a token cannot be used.
package struct AccessTokenError: Error, Hashable, Sendable, CustomStringConvertible {
  package let description: String
}
