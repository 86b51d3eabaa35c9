import Foundation
import GRDB
import Synchronization

extension SweepStore {
  /// Makes a store of what was salvaged from another, and closes it.
  ///
  /// - Parameters:
  ///   - directory: A directory without a store.
  ///   - sweepText: The text of the sweep file.
  ///   - note: What people are told of it from now on.
  /// - Throws: ``StoreError``; the store is then empty, or was not made.
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
