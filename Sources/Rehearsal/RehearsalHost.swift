/// A host that does not exist: what a rehearsal of a sweep runs on.
package struct RehearsalHost: Hashable, Sendable {
  /// Its name.
  package var name: String
  /// The speed of one slot; 1 takes as long as trials are expected to.
  package var speed: Double
  /// How many trials it runs at once.
  package var slots: Int
  /// Instruction set of its kernels.
  package var instructionSet: String

  /// A host of the given parts.
  package init(name: String, speed: Double = 1, slots: Int = 1, instructionSet: String = "avx2") {
    self.name = name
    self.speed = speed
    self.slots = slots
    self.instructionSet = instructionSet
  }
}

/// What a rehearsal assumes besides the plan and the hosts.
package struct RehearsalOptions: Hashable, Sendable {
  /// Decides everything that is drawn: equal seeds give equal rehearsals.
  package var seed: UInt64 = 1
  /// How long a host works between two sudden ends, on average; nil for ever.
  package var meanTimeBetweenFailures: Duration?
  /// How long a host is away after such an end, on average.
  package var meanTimeToReturn = Duration.seconds(300)
  /// How often a running trial stores a checkpoint.
  package var checkpointInterval = Duration.seconds(300)
  /// The chance that an attempt dies by itself, half way on average.
  package var failurePerAttempt = 0.0
  /// How far trials are off their expected time: the standard deviation of the logarithm.
  package var costDeviation = 0.0
  /// Whether workers know their instruction set and so their speed roughly; else the coordinator
  /// learns it from progress alone.
  package var announcesInstructionSet = true
  /// How often workers report; what the coordinator takes for silence grows with it.
  ///
  /// Coarser than in a real sweep, for the sake of speed: a loss is noticed that much later.
  package var heartbeatInterval = Duration.seconds(30)

  /// Hosts that never fail and trials that take exactly as long as expected.
  package init() {}
}
