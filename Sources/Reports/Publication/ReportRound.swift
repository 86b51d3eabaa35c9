import Digests
import Files
import Foundation

/// One round of writing to an output directory, and its outcome.
struct ReportRound {
  /// The output directory; nil if nothing is written and only ``ReportWriter/Outcome/made`` lists
  /// the files that would be.
  let directory: URL?
  /// The digests of the files written; nil without a directory.
  var ledger: OutputLedger?
  /// The files written and the errors so far.
  var outcome = ReportWriter.Outcome()
  /// The drawings of the whole sweep so far, for the page.
  private(set) var drawings: [(name: String, svg: Data)] = []
  /// The files of the directory itself that were put in place, by their names.
  private(set) var placed: [String: PlacedFile]
  private var knownProblems: Set<ReportError> = []

  /// From this number on, files are synced together; fewer are synced one by one.
  private static let commonSyncCountMinimum = 8

  /// Starts a round.
  ///
  /// - Parameter placed: What earlier rounds put in place.
  init(directory: URL?, ledger: OutputLedger?, placed: [String: PlacedFile] = [:]) {
    self.directory = directory
    self.ledger = ledger
    self.placed = placed
  }

  /// Writes a file under another name and renames it, unless it has these bytes already.
  ///
  /// - Parameter path: Relative to the directory. A folder in the directory is created; the
  ///   directory itself is not, so that a removed sweep's folder does not come back with reports
  ///   only.
  /// - Returns: Whether the file now has these bytes.
  @discardableResult
  mutating func put(_ path: String, _ data: Data) -> Bool { put(path, parts: [data]) }

  /// Puts a file in place whose bytes are those of the parts, one after the other.
  @discardableResult
  mutating func put(_ path: String, parts: [Data]) -> Bool {
    if path.hasSuffix(".svg"), !path.contains("/") {
      drawings.append((path, parts.reduce(Data(), +)))
    }
    var stream = DigestStream()
    for part in parts { stream.append(part) }
    let digest = stream.digest
    guard let target = target(of: path) else {
      outcome.made.append((path, digest))
      return true
    }
    let byteCount = parts.reduce(0) { $0 + $1.count }
    if isInPlace(path, digest, byteCount: byteCount) {
      ledger?.note(path, digest)
      return true
    }
    do throws(FileError) {
      try makeFolder(of: path)
      ledger?.note(path, digest)
      let aside = try Self.write(parts, aside: target, isSynced: true)
      do throws(FileError) {
        try OpenFile<FileError>.rename(aside, to: target)
      } catch {
        unlink(aside)
        throw error
      }
      if !path.contains("/") { placed[path] = PlacedFile(at: target, digest: digest) }
      outcome.written.append(path)
      return true
    } catch {
      fail(path, error)
      return false
    }
  }

  /// Puts many files in place as ``put(_:_:)`` does, and syncs them together: each is on the disk
  /// before it gets its name, and 100,000 of them do not wait for the disk 100,000 times.
  ///
  /// - Returns: Which of the files now have their bytes.
  mutating func put(_ files: [(path: String, data: Data)]) -> [Bool] {
    guard directory != nil, files.count >= Self.commonSyncCountMinimum else {
      return files.map { put($0.path, $0.data) }
    }
    let digests = files.map { Digest.of($0.data) }
    var isPlaced = zip(files, digests).map { file, digest in
      isInPlace(file.path, digest, byteCount: file.data.count)
    }
    ledger?.note(zip(files, digests).map { ($0.path, $1) })
    var asides: [(index: Int, aside: String, target: String)] = []
    var folders: Set<String> = []
    for (index, file) in files.enumerated() where !isPlaced[index] {
      guard let target = target(of: file.path) else { continue }
      do throws(FileError) {
        if folders.insert(Self.folder(of: target)).inserted { try makeFolder(of: file.path) }
        asides.append((index, try Self.write([file.data], aside: target, isSynced: false), target))
      } catch {
        fail(file.path, error)
      }
    }
    do throws(FileError) {
      for folder in folders { try OpenFile<FileError>.synchronizeFileSystem(of: folder) }
    } catch {
      for (index, aside, _) in asides {
        unlink(aside)
        fail(files[index].path, error)
      }
      return isPlaced
    }
    for (index, aside, target) in asides {
      do throws(FileError) {
        try OpenFile<FileError>.rename(aside, to: target)
        outcome.written.append(files[index].path)
        isPlaced[index] = true
      } catch {
        unlink(aside)
        fail(files[index].path, error)
      }
    }
    return isPlaced
  }

  /// Writes a file aside.
  ///
  /// The temporary name is fixed, so that a killed writer leaves at most one per file.
  private static func write(
    _ parts: [Data], aside target: String, isSynced: Bool
  ) throws(FileError) -> String {
    let aside = target + ReportWriter.asideEnding
    // Not through an existing file of that name, which may be a link.
    unlink(aside)
    do throws(FileError) {
      let file = try OpenFile<FileError>(
        aside, flags: O_WRONLY | O_CREAT | O_EXCL, permissions: 0o666)
      var offset = 0
      for part in parts {
        try file.write(part, at: offset)
        offset += part.count
      }
      if isSynced { try file.synchronize() }
    } catch {
      // On a full disk it would keep the disk full.
      unlink(aside)
      throw error
    }
    return aside
  }

  /// Whether a file has some bytes already.
  private func isInPlace(_ path: String, _ digest: Digest, byteCount: Int) -> Bool {
    guard let target = target(of: path) else { return false }
    if let placed = placed[path], placed == PlacedFile(at: target, digest: placed.digest) {
      return placed.digest == digest
    }
    guard let file = try? OpenFile<FileError>(target, flags: O_RDONLY),
      (try? file.byteCount()) == byteCount
    else { return false }
    var stream = DigestStream()
    var offset = 0
    while offset < byteCount {
      guard let piece = try? file.read(at: offset, count: 1 << 20), !piece.isEmpty else {
        return false
      }
      stream.append(piece)
      offset += piece.count
    }
    return stream.digest == digest
  }

  private func target(of path: String) -> String? {
    directory.map { $0.appending(path: path).path(percentEncoded: false) }
  }

  private static func folder(of target: String) -> String {
    target.range(of: "/", options: .backwards).map { String(target[..<$0.lowerBound]) } ?? "."
  }

  /// Makes the folder in the directory that a file is in.
  private func makeFolder(of path: String) throws(FileError) {
    guard path.contains("/"), let target = target(of: path) else { return }
    let folder = Self.folder(of: target)
    guard mkdir(folder, 0o755) == 0 || errno == EEXIST else { throw FileError("mkdir", folder) }
  }

  private mutating func fail(_ path: String, _ error: FileError) {
    note(
      .unwritable(
        path: target(of: path) ?? path,
        reason: error.found ?? String(cString: strerror(error.code))))
  }

  /// Removes a file, if it exists.
  mutating func remove(_ path: String) {
    guard let target = target(of: path) else { return }
    ledger?.forget([path])
    guard unlink(target) != 0, errno != ENOENT else { return }
    fail(path, FileError("unlink", target))
  }

  /// Runs one file's work and records its error, so that other files are still made.
  mutating func attempt(_ body: (inout ReportRound) throws(ReportError) -> Void) {
    do {
      try body(&self)
    } catch {
      note(error)
    }
  }

  /// Notes a problem, once.
  mutating func note(_ problem: ReportError) {
    if knownProblems.insert(problem).inserted { outcome.problems.append(problem) }
  }
}
