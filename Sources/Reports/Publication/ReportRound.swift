import Digests
import Files
import Foundation

/// One round of writing to an output directory, and its outcome.
struct ReportRound {
  /// The output directory.
  let directory: URL
  /// The digests of the files written.
  var ledger: OutputLedger
  /// The files written and the errors so far.
  var outcome = ReportWriter.Outcome()
  /// The drawings so far, for the page.
  private(set) var drawings: [(name: String, svg: Data)] = []

  /// Starts a round.
  init(directory: URL, ledger: OutputLedger) {
    self.directory = directory
    self.ledger = ledger
  }

  /// Writes a file under another name and renames it, unless it has these bytes already.
  ///
  /// - Parameter path: Relative to the directory. A folder in the directory is created; the
  ///   directory itself is not, so that a removed sweep's folder does not come back with reports
  ///   only.
  /// - Returns: Whether the file now has these bytes.
  @discardableResult
  mutating func put(_ path: String, _ data: Data) -> Bool {
    if path.hasSuffix(".svg") { drawings.append((path, data)) }
    let target = directory.appending(path: path)
    if let present = try? Data(contentsOf: target), present == data {
      ledger.note(path, Digest.of(data))
      return true
    }
    do {
      let folder = target.deletingLastPathComponent().path(percentEncoded: false)
      if path.contains("/"), mkdir(folder, 0o755) != 0, errno != EEXIST {
        throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO)
      }
      ledger.note(path, Digest.of(data))
      // A fixed temporary name, so that a killed writer leaves at most one file, soon overwritten.
      let aside = target.appendingPathExtension("part")
      // Not through an existing file of that name, which may be a link.
      unlink(aside.path(percentEncoded: false))
      try data.write(to: aside, options: .withoutOverwriting)
      guard
        rename(aside.path(percentEncoded: false), target.path(percentEncoded: false)) == 0
      else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
      outcome.written.append(path)
      return true
    } catch {
      outcome.problems.append(
        .unwritable(path: target.path(percentEncoded: false), reason: ErrorWords.reason(error)))
      return false
    }
  }

  /// Removes a file, if it exists.
  mutating func remove(_ path: String) {
    let target = directory.appending(path: path)
    ledger.forget(path)
    guard FileManager.default.fileExists(atPath: target.path(percentEncoded: false)) else { return }
    do {
      try FileManager.default.removeItem(at: target)
    } catch {
      outcome.problems.append(
        .unwritable(path: target.path(percentEncoded: false), reason: ErrorWords.reason(error)))
    }
  }

  /// Runs one file's work and records its error, so that other files are still made.
  mutating func attempt(_ body: (inout ReportRound) throws(ReportError) -> Void) {
    do {
      try body(&self)
    } catch {
      if !outcome.problems.contains(error) { outcome.problems.append(error) }
    }
  }
}
