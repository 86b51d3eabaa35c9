import Digests
import Files
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
  /// Whether the file lacks lines, or ends in a part of one; ``tidy()`` writes it anew.
  private var isTorn = false
  /// The names in order, as far as they were there when the file was last written anew, so that a
  /// sweep with many names sorts the new ones alone.
  private var sorted: [String] = []
  /// Names that were noted since.
  private var unsorted: [String] = []

  /// Reads the ledger of a folder; empty if there is none.
  package init(in folder: URL) {
    file = folder.appending(path: Self.name)
    guard let data = try? WholeFile.read(file, limit: Self.byteCountMaximum) else { return }
    for line in data.split(separator: UInt8(ascii: "\n")) {
      lineCount += 1
      guard line.count > 66,
        let digest = Digest(hexadecimal: String(decoding: line.prefix(64), as: UTF8.self))
      else { continue }
      add(String(decoding: line.dropFirst(66), as: UTF8.self), digest)
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

  /// Notes the digest that a name is about to get; if the write fails, ``tidy()`` repeats it.
  package mutating func note(_ path: String, _ digest: Digest) { note([(path, digest)]) }

  /// Notes what several names are about to have, in one writing.
  package mutating func note(_ files: [(path: String, digest: Digest)]) {
    let new = files.filter { noted[$0.path]?.last != $0.digest }
    guard !new.isEmpty else { return }
    for (path, digest) in new { add(path, digest) }
    lineCount += new.count
    if !append(new.map { "\($0.digest)  \($0.path)\n" }.joined()) { isTorn = true }
  }

  private mutating func add(_ path: String, _ digest: Digest) {
    if noted[path] == nil { unsorted.append(path) }
    noted[path, default: []].append(digest)
  }

  /// Removes names whose files were removed.
  package mutating func forget(_ paths: [String]) {
    let count = noted.count
    for path in paths { noted[path] = nil }
    if noted.count < count { rewrite() }
  }

  /// Reduces the ledger to one line per name, after the noted files have their names.
  package mutating func tidy() {
    guard isTorn || lineCount > noted.count else { return }
    let repeated = noted.compactMap { $0.value.count > 1 ? $0.key : nil }
    for path in repeated { noted[path] = noted[path]?.suffix(1) }
    rewrite()
  }

  private func append(_ text: String) -> Bool {
    do {
      let open = try OpenFile<FileError>(
        file.path, flags: O_WRONLY | O_CREAT | O_NOFOLLOW, permissions: 0o600)
      try open.write(Array(text.utf8), at: open.byteCount())
      return true
    } catch {
      return false
    }
  }

  private mutating func rewrite() {
    sort()
    var text: [UInt8] = []
    for path in sorted {
      for digest in noted[path] ?? [] { text += "\(digest.hexadecimal)  \(path)\n".utf8 }
    }
    do {
      try DurableFile.write(Data(text), to: file, permissions: 0o600)
      isTorn = false
    } catch {
      isTorn = true
    }
    lineCount = noted.values.reduce(0) { $0 + $1.count }
  }

  /// Brings ``sorted`` up to date with the names that were noted and forgotten since.
  private mutating func sort() {
    let new = Set(unsorted).filter { noted[$0] != nil }.sorted()
    let old = sorted.filter { noted[$0] != nil }
    unsorted = []
    sorted = []
    sorted.reserveCapacity(old.count + new.count)
    var next = new.startIndex
    for path in old {
      while next < new.endIndex, new[next] < path {
        sorted.append(new[next])
        next += 1
      }
      sorted.append(path)
    }
    sorted += new[next...]
  }
}
