import Coordination
import Digests
import Foundation
import GRDB
import Trials
import Wire

/// The files of results of trials that are no longer planned.
package struct OrphanedFiles: Sendable {
  /// The artifacts of their results, including discarded ones.
  package fileprivate(set) var artifacts: Set<Digest> = []
  /// Their last checkpoints, that of the latest result first.
  package fileprivate(set) var checkpoints: [TrialCheckpoint] = []

  /// No files.
  package init() {}
}

extension SweepStore {
  /// The files of trials that are no longer planned; they are kept because a later plan may have
  /// the trials again.
  ///
  /// - Throws: ``StoreError/corrupted(path:found:)`` if a result cannot be read.
  package func orphanedFiles() throws(StoreError) -> OrphanedFiles {
    do {
      return try queue.read { database in
        var files = OrphanedFiles()
        let rows = try Row.fetchCursor(
          database,
          sql: """
            SELECT result.bytes, result.discarded, journal.kind, journal.detail FROM result
            JOIN trial ON trial.number = result.trial
            JOIN journal ON journal.sequence = result.sequence
            WHERE trial.position IS NULL ORDER BY result.sequence DESC
            """)
        while let row = try rows.next() {
          let bytes: Data = try row.value(0)
          let result = try ReceivedResult(serialised: [UInt8](bytes)).result
          files.artifacts.formUnion(result.artifacts.map(\.digest))
          let discarded: Int? = row[1]
          let detail: String? = row[3]
          guard try row.value(2) == JournalRows.Kind.resultRecorded.rawValue, discarded == nil,
            let detail
          else { continue }
          files.checkpoints.append(
            try CanonicalJSON.decode(TrialCheckpoint.self, from: Data(detail.utf8)))
        }
        return files
      }
    } catch let error as WireError {
      throw .corrupted(path: path, found: "the result of a trial that is not planned: \(error)")
    } catch {
      throw StoreError(error, path: path)
    }
  }
}
