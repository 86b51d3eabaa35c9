import Coordination

/// A simulated host.
package struct RehearsalHost: Hashable, Sendable {
  /// Its name.
  package var name: String
  /// The speed of one slot; 1 is the reference speed of the expected costs.
  package var speed: Double
  /// How many trials it runs at once.
  package var slots: Int
  /// How many cores the coordinator divides among its trials; 0 if every slot has one.
  package var cores: Int
  /// Instruction set of its kernels.
  package var instructionSet: String

  /// A host of the given parts.
  package init(
    name: String, speed: Double = 1, slots: Int = 1, cores: Int = 0, instructionSet: String = "avx2"
  ) {
    self.name = name
    self.speed = speed
    self.slots = cores > 0 ? cores : slots
    self.cores = cores
    self.instructionSet = instructionSet
  }
}

extension RehearsalHost {
  /// The most threads that one of its trials can have.
  var mostThreads: Int { ThreadCounts.largest(in: max(cores, 1)) }
}

/// The assumptions of a rehearsal besides the plan and the hosts.
package struct RehearsalOptions: Hashable, Sendable {
  /// The seed: equal seeds give equal rehearsals.
  package var seed: UInt64 = 1
  /// Mean time between failures of a host; nil for none.
  package var meanTimeBetweenFailures: Duration?
  /// Mean time until a failed host returns.
  package var meanTimeToReturn = Duration.seconds(300)
  /// How often a running trial stores a checkpoint.
  package var checkpointInterval = Duration.seconds(300)
  /// How long a running trial takes no step when its threads change: a checkpoint, the start of a
  /// process, and the images read again.
  package var threadChangeCost = Duration.seconds(10)
  /// The probability that an attempt fails by itself, on average half way.
  package var failurePerAttempt = 0.0
  /// Standard deviation of the logarithm of actual to expected time of trials.
  package var costDeviation = 0.0
  /// Whether workers announce their instruction set, which gives their approximate speed; otherwise
  /// the coordinator learns it from progress alone.
  package var announcesInstructionSet = true
  /// Interval of heartbeats; the coordinator's timeouts scale with it.
  ///
  /// Longer than in a real sweep to make the rehearsal fast; losses are noticed correspondingly
  /// later.
  package var heartbeatInterval = Duration.seconds(30)

  /// Hosts that never fail and trials that take exactly as long as expected.
  package init() {}
}
