/// A lease that has not ended, as the journal tells.
struct OpenLease: Hashable, Sendable {
  var attempt: Int
  var worker: WorkerID
}
