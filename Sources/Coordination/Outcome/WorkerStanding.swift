/// What is known of a worker.
package struct WorkerStanding: Hashable, Sendable {
  /// The worker.
  package var worker: WorkerID
  /// Its host's name.
  package var host: String
  /// How many trials it runs at once.
  package var slots: Int
  /// How many leases it holds.
  package var leases: Int
  /// How many threads its trials have together, as far as it says.
  package var threads: Int
  /// Whether it has a connection.
  package var isConnected: Bool
  /// Whether it missed heartbeats and gets no new work.
  package var isSuspect: Bool
  /// Whether its host is drained.
  package var isDrained: Bool
  /// The worker's own text of what keeps it from taking further trials; nil if nothing does.
  package var obstacle: String?
  /// The processor's model name; empty if unknown.
  package var processor: String
  /// Instruction set that its kernels use; empty if unknown.
  package var instructionSet: String
  /// Estimated speed of one slot, relative to the reference speed of the expected costs.
  package var speed: Double
}
