import Trials

/// A worker's description of itself, sent on every connection.
package struct WorkerAnnouncement: Hashable, Sendable {
  /// The worker.
  package var worker: WorkerID
  /// Its host's name.
  package var host: String
  /// How many trials it runs at once.
  package var slots: Int
  /// How many cores the coordinator may divide among them; 0 if every slot has fixed ones.
  package var divisibleCores: Int
  /// The processor's model name; empty if unknown.
  package var processor: String
  /// Instruction set that its kernels use; empty if unknown.
  package var instructionSet: String
  /// Logical processors of the host; 0 if unknown.
  package var coreCount: Int
  /// Main memory of the host; 0 if unknown.
  package var memoryByteCount: Int
  /// The build of its program; empty if unknown.
  package var productVersion: String
  /// Its claims.
  package var claims: [AttemptClaim]
  /// What keeps it from taking further trials, in its own words; nil when nothing does.
  package var obstacle: String?

  /// An announcement of the given parts.
  package init(
    worker: WorkerID, host: String, slots: Int, divisibleCores: Int = 0, processor: String = "",
    instructionSet: String = "", coreCount: Int = 0, memoryByteCount: Int = 0,
    productVersion: String = "", claims: [AttemptClaim],
    obstacle: String? = nil
  ) {
    self.worker = worker
    self.host = host
    self.slots = slots
    self.divisibleCores = divisibleCores
    self.processor = processor
    self.instructionSet = instructionSet
    self.coreCount = coreCount
    self.memoryByteCount = memoryByteCount
    self.productVersion = productVersion
    self.claims = claims
    self.obstacle = obstacle
  }
}
