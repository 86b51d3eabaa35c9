/// A lease that has not ended, according to the journal.
struct OpenLease: Hashable, Sendable {
  var attempt: Int
  var worker: WorkerID
}
