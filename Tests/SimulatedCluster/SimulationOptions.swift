import Coordination
import Randomness
import Trials

/// The faults of a simulation and their rates; times in milliseconds, probabilities per message,
/// record or second as named.
package struct SimulationOptions: Sendable, CustomStringConvertible {
  package var workerCount = 2
  package var hostCount = 8
  package var speedMaximum = 1
  package var expectedSeconds = 1.0
  package var duplicatesStragglers = true
  /// Whether all workers have one instruction set, and moves are worthwhile for small savings.
  package var trialsMove = false
  package var canary = SweepLimits.Canary.never
  /// How many last checkpoints of complete trials are kept; each counts as one byte.
  package var keptCheckpointCount = 0
  package var slotsMaximum = 1
  /// Whether real workers let the coordinator divide their cores, two for every slot; it then
  /// divides even for small savings.
  package var dividesCores = false
  package var trialCount = 4
  package var trialMilliseconds = 2_000...40_000
  package var faultMilliseconds = 0

  package var delayMilliseconds = 1...1
  package var lossPerMessage = 0.0
  package var duplicationPerMessage = 0.0
  package var partitionsPerMinute = 0.0
  package var partitionsAreAsymmetric = false
  package var brokenConnectionsPerMinute = 0.0

  package var workerCrashesPerMinute = 0.0
  package var spoolSurvivesCrash = false
  package var pausesPerMinute = 0.0
  package var departuresPerMinute = 0.0
  package var fullDisksPerMinute = 0.0
  package var arrivalsPerMinute = 0.0
  package var failureReportsAreRepeated = false
  package var acknowledgementsAreFenced = false

  package var poisonPerTrial = 0.0
  package var failurePerAttempt = 0.0
  package var diskFullPerAttempt = 0.0

  package var coordinatorCrashPerRecord = 0.0
  package var coordinatorStallsPerMinute = 0.0
  package var stopsPerMinute = 0.0
  package var clockJumpsPerMinute = 0.0
  /// A person cancels, retries, drains or allows something.
  package var wishesPerMinute = 0.0

  /// The fraction of workers with real decisions.
  package var realShare = 0.0
  package var transferMilliseconds = 1...1
  package var failurePerTransfer = 0.0
  package var tornPerCheckpoint = 0.0
  package var deathPerInterval = 0.0
  package var hangPerInterval = 0.0
  package var latenessPerTick = 0.0
  /// Probability at a coordinator's start, for artifacts whose result is not recorded.
  package var lossPerArtifact = 0.0

  package var probeInterval = Duration.milliseconds(1500)

  /// The fraction of simulated workers that lie.
  package var lyingShare = 0.0
  /// Probability of a flawed checkpoint with valid digests, as from a host with bad memory or a
  /// lying worker.
  package var badPerCheckpoint = 0.0

  /// No faults at all.
  package init() {}

  /// Draws which faults exist, then how often each of them happens.
  package init(random: inout SplitMix64) {
    workerCount = random.draw(1...6)
    slotsMaximum = random.draw(1...3)
    trialCount = random.draw(2...24)
    trialMilliseconds = 1_000...(random.draw(3...45) * 1_000)
    faultMilliseconds = random.draw(30...150) * 1_000
    func rate(_ highest: Double, _ random: inout SplitMix64) -> Double {
      random.happens(0.35) ? Double.random(in: 0..<highest, using: &random) : 0
    }
    delayMilliseconds = 1...(random.happens(0.5) ? 1 : random.draw(2...4_000))
    lossPerMessage = rate(0.4, &random)
    duplicationPerMessage = rate(0.3, &random)
    partitionsPerMinute = rate(4, &random)
    partitionsAreAsymmetric = random.happens(0.5)
    brokenConnectionsPerMinute = rate(6, &random)
    workerCrashesPerMinute = rate(4, &random)
    spoolSurvivesCrash = random.happens(0.5)
    pausesPerMinute = rate(4, &random)
    departuresPerMinute = rate(3, &random)
    fullDisksPerMinute = rate(3, &random)
    arrivalsPerMinute = rate(3, &random)
    failureReportsAreRepeated = random.happens(0.5)
    acknowledgementsAreFenced = random.happens(0.5)
    poisonPerTrial = random.happens(0.1) ? 1 : rate(0.4, &random)
    failurePerAttempt = rate(0.4, &random)
    diskFullPerAttempt = rate(0.4, &random)
    coordinatorCrashPerRecord = rate(0.3, &random)
    coordinatorStallsPerMinute = rate(2, &random)
    stopsPerMinute = rate(1, &random)
    clockJumpsPerMinute = rate(2, &random)
    wishesPerMinute = rate(6, &random)
    hostCount = random.draw(1...8)
    speedMaximum = random.happens(0.5) ? 1 : random.draw(2...5)
    canary = random.happens(0.3) ? .always : .never
    if random.happens(0.15) {
      // Long enough for a straggler to be worth a second worker.
      trialMilliseconds = 100_000...400_000
      expectedSeconds = 250
      // Let trials be exchanged for longer ones even for small savings.
      trialsMove = random.happens(0.5)
      if trialsMove { speedMaximum = max(speedMaximum, 3) }
    }
    keptCheckpointCount = random.happens(0.3) ? 0 : random.draw(1...8)
    realShare = [0, 0.5, 0.5, 0.5, 1][random.draw(0...4)]
    transferMilliseconds = 1...(random.happens(0.5) ? 50 : random.draw(50...20_000))
    failurePerTransfer = rate(0.4, &random)
    tornPerCheckpoint = rate(0.4, &random)
    deathPerInterval = rate(0.05, &random)
    hangPerInterval = rate(0.02, &random)
    latenessPerTick = rate(0.1, &random)
    lossPerArtifact = rate(0.5, &random)
    probeInterval = [.milliseconds(1500), .seconds(4), .seconds(10)][random.draw(0...2)]
    lyingShare = rate(0.6, &random)
    badPerCheckpoint = rate(0.3, &random)
  }

  package var description: String {
    Mirror(reflecting: self).children
      .map { "\($0.label ?? "?")=\($0.value)" }
      .joined(separator: " ")
  }
}
