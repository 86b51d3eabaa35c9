/// Who brought a checkpoint that a trial went on from, as the coordinator has recorded it.
package struct CheckpointOrigin: Codable, Hashable, Sendable {
  /// Name of the worker that had the lease.
  package var worker: String
  /// Its host, as the worker announced it; nil where the record does not tell.
  package var host: String?

  /// A worker on a host.
  package init(worker: String, host: String?) {
    self.worker = worker
    self.host = host
  }
}
