import Digests
import Foundation

/// `outputs.sha256`: the digest of each file written to a sweep's folder, in the format of
/// `sha256sum -c`.
///
/// A file is noted before it is renamed to its name. So a file whose digest is not noted was
/// changed by somebody else, and a noted file that is missing was deleted. A name can be noted
/// twice if the writer was killed before the rename; both digests count.
package struct OutputLedger {
  /// The file's name.
  package static let name = "outputs.sha256"
  /// The largest file that is read as a ledger.
  private static let byteCountMaximum = 1 << 30

  private let file: URL
  /// The noted digests of each name, the latest last.
  private var noted: [String: [Digest]] = [:]
  private var lineCount = 0

  /// Reads the ledger of a folder; empty if there is none.
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

  /// Whether nothing is noted.
  package var isEmpty: Bool { noted.isEmpty }

  /// The noted names.
  package var paths: [String] { noted.keys.sorted() }

  /// Whether a name is noted.
  package func contains(_ path: String) -> Bool { noted[path] != nil }

  /// Whether a name is noted with this digest.
  package func contains(_ path: String, _ digest: Digest) -> Bool {
    noted[path]?.contains(digest) ?? false
  }

  /// Notes the digest that a name is about to get; if the write fails, the next round repeats it.
  package mutating func note(_ path: String, _ digest: Digest) {
    guard noted[path]?.last != digest else { return }
    guard append("\(digest)  \(path)\n") else { return }
    lineCount += 1
    noted[path, default: []].append(digest)
  }

  /// Removes a name whose file was removed.
  package mutating func forget(_ path: String) {
    guard noted.removeValue(forKey: path) != nil else { return }
    rewrite()
  }

  /// Reduces the ledger to one line per name, after the noted files have their names.
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
