import Digests
import Files
import Foundation

/// One round of writing into an output directory, with what came of it.
struct ReportRound {
  /// The output directory.
  let directory: URL
  /// What was written under which name.
  var ledger: OutputLedger
  /// What was written and what failed so far.
  var outcome = ReportWriter.Outcome()
  /// The drawings so far, for the page that has all of them.
  private(set) var drawings: [(name: String, svg: Data)] = []

  /// Starts a round.
  init(directory: URL, ledger: OutputLedger) {
    self.directory = directory
    self.ledger = ledger
  }

  /// Puts a file in place, written aside and renamed, unless it has these bytes already.
  ///
  /// - Parameter path: Relative to the directory, in which a folder is made; the directory itself is
  ///   not, for a sweep's folder that somebody removed does not come back as reports.
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
      // One fixed name aside, so that a killed writer leaves at most one file, and not for long.
      let aside = target.appendingPathExtension("part")
      // Not into what is there by that name, which may be a link to a file elsewhere.
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

  /// Removes a file that may not be there.
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

  /// Does one file's work; its failure is noted and nothing else suffers.
  mutating func attempt(_ body: (inout ReportRound) throws(ReportError) -> Void) {
    do {
      try body(&self)
    } catch {
      if !outcome.problems.contains(error) { outcome.problems.append(error) }
    }
  }
}
