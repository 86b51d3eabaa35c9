import Digests
import Foundation

/// `outputs.sha256`: what was last written under every name in a sweep's folder, as `sha256sum -c`
/// reads it.
///
/// A file is noted before it gets its name, so that one with other bytes than any that were noted
/// was changed by somebody else, and one that is noted and not there was deleted. Of a name that
/// is noted twice, as after a kill before the file had its name, either line counts.
package struct OutputLedger {
  /// The file's name.
  package static let name = "outputs.sha256"
  /// A longer file is not ours.
  private static let byteCountMaximum = 1 << 30

  private let file: URL
  /// What was noted under each name, the latest last.
  private var noted: [String: [Digest]] = [:]
  private var lineCount = 0

  /// Reads what was noted in a folder; nothing where there is no such file.
  package init(in folder: URL) {
    file = folder.appending(path: Self.name)
    guard let size = try? file.resourceValues(forKeys: [.fileSizeKey]).fileSize,
      size <= Self.byteCountMaximum, let data = try? Data(contentsOf: file)
    else { return }
    for line in String(decoding: data, as: UTF8.self).split(separator: "\n") {
      lineCount += 1
      guard line.count > 66, let digest = Digest(hexadecimal: String(line.prefix(64))) else {
        continue
      }
      noted[String(line.dropFirst(66)), default: []].append(digest)
    }
  }

  /// Whether nothing was ever noted.
  package var isEmpty: Bool { noted.isEmpty }

  /// The names that were noted.
  package var paths: [String] { noted.keys.sorted() }

  /// Whether a name was noted.
  package func contains(_ path: String) -> Bool { noted[path] != nil }

  /// Whether a name was noted with these bytes.
  package func contains(_ path: String, _ digest: Digest) -> Bool {
    noted[path]?.contains(digest) ?? false
  }

  /// Notes what a name is about to have; what cannot be written down is noted with the next round.
  package mutating func note(_ path: String, _ digest: Digest) {
    guard noted[path]?.last != digest else { return }
    guard append("\(digest)  \(path)\n") else { return }
    lineCount += 1
    noted[path, default: []].append(digest)
  }

  /// Forgets a name whose file was taken away.
  package mutating func forget(_ path: String) {
    guard noted.removeValue(forKey: path) != nil else { return }
    rewrite()
  }

  /// Leaves one line for each name, once what was noted has its name.
  package mutating func tidy() {
    guard lineCount > noted.count else { return }
    for (path, digests) in noted { noted[path] = [digests[digests.count - 1]] }
    rewrite()
  }

  private func append(_ line: String) -> Bool {
    let descriptor = open(
      file.path(percentEncoded: false), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
      0o600)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    let bytes = Array(line.utf8)
    return write(descriptor, bytes, bytes.count) == bytes.count
  }

  private mutating func rewrite() {
    let lines = noted.sorted { $0.key < $1.key }.flatMap { path, digests in
      digests.map { "\($0)  \(path)\n" }
    }
    let aside = file.appendingPathExtension("part")
    guard (try? Data(lines.joined().utf8).write(to: aside)) != nil,
      rename(aside.path(percentEncoded: false), file.path(percentEncoded: false)) == 0
    else { return }
    lineCount = lines.count
  }
}
