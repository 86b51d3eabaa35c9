import Foundation
import GRDB
import Synchronization

extension SweepStore {
  /// Creates a store from salvaged records, and closes it.
  ///
  /// - Parameters:
  ///   - directory: A directory without a store.
  ///   - sweepText: The text of the sweep file.
  ///   - note: The note to store for display.
  /// - Throws: ``StoreError``. The store is then empty or does not exist.
  package static func create(
    in directory: URL, from salvage: StoreSalvage, sweepText: String, note: SalvageNote
  ) throws(StoreError) {
    let store = try open(directory: directory, plan: salvage.plan, sweepText: sweepText)
    do {
      try store.queue.write { database in
        var remaining = salvage.records[...]
        while let first = remaining.first {
          let group = remaining.prefix { $0.time == first.time }
          try JournalRows.append(
            group.map(\.record), at: first.time, numbers: store.numbers, in: database)
          remaining = remaining.dropFirst(group.count)
        }
        try note.insert(into: database)
      }
      let identity = try store.identity()
      try store.log.withLock { open in
        open.log = try StoreLog.write(
          StoreLog.path(besideDatabase: store.path), identity: identity, from: store.queue)
      }
    } catch {
      throw StoreError(error, path: store.path)
    }
    try store.close()
  }
}
