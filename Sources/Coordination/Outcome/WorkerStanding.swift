/// What is known of a worker.
package struct WorkerStanding: Hashable, Sendable {
  /// The worker.
  package var worker: WorkerID
  /// Its host's name.
  package var host: String
  /// How many trials it runs at once.
  package var slots: Int
  /// How many it is leased.
  package var leases: Int
  /// Whether it has a connection.
  package var isConnected: Bool
  /// Whether it is too silent to get new work.
  package var isSuspect: Bool
  /// Whether its host gets nothing to do.
  package var isDrained: Bool
  /// What keeps it from taking further trials, in its own words; nil when nothing does.
  package var obstacle: String?
  /// The processor's model name; empty if unknown.
  package var processor: String
  /// Instruction set that its kernels use; empty if unknown.
  package var instructionSet: String
  /// The speed of one of its slots as far as it is known, 1 for the one that expected costs are
  /// for.
  package var speed: Double
}
