/// The worker that delivered a checkpoint from which a trial resumed, from the coordinator's
/// record.
package struct CheckpointOrigin: Codable, Hashable, Sendable {
  /// Name of the worker that had the lease.
  package var worker: String
  /// The host that the worker announced; nil if not recorded.
  package var host: String?

  /// A worker on a host.
  package init(worker: String, host: String?) {
    self.worker = worker
    self.host = host
  }
}
