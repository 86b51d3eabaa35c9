import Coordination
import Digests
import Randomness
import Rehearsal
import Supervision
import Trials

/// A coordinator, its journal, its workers and the network between them, in virtual time.
///
/// Some workers use the real ``WorkerCore``; others use other behaviour that the protocol allows.
/// One seed determines everything. Faults happen during the options' fault time; then all faults
/// end and the sweep must end. ``JournalChecker`` checks each record and directive,
/// ``WorkerChecker`` each real worker. After every event the coordinator's durable state must equal
/// the replayed journal.
package struct Simulation {
  /// The outcome of a run.
  package struct Outcome: Sendable {
    /// The violations found; empty for a correct coordinator.
    package var violations: [String] = []
    /// The coordinator's ending, if it ended.
    package var ending: SweepEnding?
    /// The journal at the end.
    package var journal: [JournalRecord] = []
    /// The recorded results.
    package var results: [TrialID: ReceivedResult] = [:]
    /// How many of them lying workers delivered.
    package var liedResultCount = 0
    /// Events that the coordinator handled.
    package var eventCount = 0
    /// Events that real workers handled.
    package var workerEventCount = 0
    /// How real workers ended.
    package var workerEndings: [WorkerEnding: Int] = [:]
    /// Virtual milliseconds until the end.
    package var milliseconds = 0
    /// How often the coordinator crashed.
    package var crashCount = 0
    /// Notices by kind, to see that the faults reached the coordinator.
    package var noticeCounts: [String: Int] = [:]
    /// Computed steps, including repeated ones.
    package var computedSteps: [TrialID: Int] = [:]
    /// Steps that were lost with their process.
    package var lostSteps = 0
    /// How often a running trial got other threads.
    package var threadChangeCount = 0
    /// How often a worker's process was killed while it had work.
    package var killCount = 0
  }

  indirect enum Happening {
    case toCoordinator(Event)
    case toWorker(Int, ConnectionID, Directive)
    case tick(epoch: Int, number: Int)
    case coordinatorStarts
    case extensionAnswered(epoch: Int, Event)
    case beat(Int)
    case computed(worker: Int, trial: TrialID, run: Int, milliseconds: Int)
    case reconnect(Int, ConnectionID)
    case workerStarts(Spool)
    case resumes(Int)
    case fact(Int, WorkerEvent)
    case workerTick(Int, number: Int)
    case stepped(Int, WorkID, process: Int)
    case drained(Int, WorkID)
    case transferred(Int, SimulatedBench.Transfer)
    case measure(Int)
    case fault(Fault)
    case heal
    case attend
  }

  let sweep: SimulatedSweep
  package let options: SimulationOptions
  let settings: CoordinationSettings
  let sabotage: Sabotage?
  let workerSabotage: WorkerSabotage?
  var crashAtRecord: Int?
  var random: SplitMix64
  var timeline = Timeline<Happening>()
  var now = 0
  var isHealed = false
  /// Receives a log of all events and decisions.
  package var trace: ((String) -> Void)?
  var outcome = Outcome()
  var checker: JournalChecker

  var coordinator: Coordinator?
  /// A coordinator that has only replayed the durable records.
  var shadow: Coordinator
  var coordinatorStartedAt = 0
  var stalledUntil = 0
  var epoch = 0
  var tickNumber = 0
  var plannedTick: Int?

  /// Processes by number, with their real or simulated decisions; nil once they have ended.
  var stations: [Station?] = []
  var workers: [SimulatedWorker?] = []
  var benches: [SimulatedBench?] = []
  var connections: [ConnectionID: Int] = [:]
  var connectionCount: UInt64 = 0
  var runCount = 0
  /// The coordinator's blob store.
  var blobs: [Digest: SimulatedBlob] = [:]
  /// The flaws of real workers' checkpoints, by digest.
  var flaws: [Digest: CheckpointFlaw] = [:]
  /// The trials whose artifacts it has.
  var artifacts: Set<TrialID> = []
  /// The hosts whose cache has the images.
  var imageHosts: Set<String> = []
  /// Checkpoints that were ever recorded.
  var recordedDigests: Set<Digest> = []
  /// The offset of the coordinator's clock.
  var clockOffset = 0

  /// Prepares a run.
  ///
  /// - Parameters:
  ///   - options: The faults; nil draws them from the seed.
  ///   - sweep: The trials; nil draws them from the seed.
  ///   - sabotage: A bug to plant in the coordinator.
  ///   - workerSabotage: A bug to plant in every real worker.
  ///   - crashAtRecord: How many records become durable before the coordinator crashes, once.
  package init(
    seed: UInt64, options: SimulationOptions? = nil, sweep: SimulatedSweep? = nil,
    sabotage: Sabotage? = nil, workerSabotage: WorkerSabotage? = nil, crashAtRecord: Int? = nil
  ) {
    var random = SplitMix64(seed: seed)
    // Not drawn, so that the other seeds' runs stay what they were.
    var drawn = options ?? SimulationOptions(random: &random)
    if options == nil { drawn.dividesCores = seed.isMultiple(of: 3) }
    let options = drawn
    let sweep =
      sweep
      ?? SimulatedSweep(
        trialCount: options.trialCount, poisonProbability: options.poisonPerTrial, random: &random)
    var settings = CoordinationSettings()
    settings.probeInterval = options.probeInterval
    self.sweep = sweep
    self.options = options
    self.sabotage = sabotage
    self.workerSabotage = workerSabotage
    self.crashAtRecord = crashAtRecord
    self.random = random
    settings.canary = options.canary
    settings.keptCheckpointByteCount = options.keptCheckpointCount
    settings.duplicatesStragglers = options.duplicatesStragglers
    if options.dividesCores { settings.worthDividing = .seconds(1) }
    if options.trialsMove { settings.worthMoving = .seconds(30) }
    checker = JournalChecker(
      plan: sweep.plan, attemptLimit: settings.attemptLimit,
      sendsCanaries: options.canary == .always)
    self.settings = settings
    shadow = Self.coordinator(of: sweep, options: options, settings: settings)
  }

  /// A coordinator of the simulated sweep with an empty journal.
  static func coordinator(
    of sweep: SimulatedSweep, options: SimulationOptions, settings: CoordinationSettings
  ) -> Coordinator {
    let trials = sweep.plan.map(\.id)
    return Coordinator(
      plan: sweep.plan,
      expectedCost: Dictionary(
        uniqueKeysWithValues: trials.map { ($0, options.expectedSeconds) }),
      expectedSteps: Dictionary(
        uniqueKeysWithValues: sweep.plan.map {
          ($0.id, SimulatedSweep.steps(of: $0.configuration))
        }),
      settings: settings)
  }

  /// Runs until the sweep ends, a violation is found, or time is up.
  package mutating func run() -> Outcome {
    timeline.plan(.coordinatorStarts, at: 0)
    for _ in 0..<options.workerCount {
      timeline.plan(.workerStarts(Spool()), at: random.draw(0...2_000))
    }
    planFaults()
    timeline.plan(.heal, at: options.faultMilliseconds)
    let patience = 500_000 + sweep.plan.count * 4 * options.trialMilliseconds.upperBound
    while checker.violations.isEmpty, !hasEnded, let (time, happening) = timeline.next() {
      now = max(now, time)
      if now > options.faultMilliseconds + patience {
        checker.report(
          """
          the sweep has not ended \(patience / 1000) s after the last fault: \
          \(coordinator?.counts ?? TrialCounts()), workers \(coordinator?.workers ?? []), running \
          \(coordinator?.runningTrials ?? []), paused \(coordinator?.pausedStages ?? [:]), waiting \
          \(waitingReasons)
          """)
        break
      }
      happen(happening)
    }
    outcome.violations = checker.violations
    outcome.results = checker.results
    outcome.liedResultCount = checker.liedResultCount
    outcome.milliseconds = now
    return outcome
  }

  private var waitingReasons: [TrialExplanation.Reason] {
    sweep.plan.compactMap { coordinator?.explanation(of: $0.id) }
      .filter { $0.standing.status == .waiting }.map(\.reason)
  }

  private var hasEnded: Bool { outcome.ending?.isLast ?? false }

  private mutating func happen(_ happening: Happening) {
    switch happening {
    case .toCoordinator(let event): deliver(event)
    case .tick(let epoch, let number):
      guard epoch == self.epoch, number == tickNumber else { return }
      plannedTick = nil
      deliver(.clockTicked)
    case .coordinatorStarts: startCoordinator()
    case .extensionAnswered(let epoch, let event):
      guard epoch == self.epoch else { return }
      deliver(event)
    case .toWorker(let worker, let connection, _):
      guard stations[worker]?.connection == connection else { return }
      if !defers(worker, happening) { happen(happening, to: worker) }
    case .workerStarts(let spool): startWorker(spool)
    case .resumes(let worker): resume(worker)
    case .beat(let worker), .computed(let worker, _, _, _), .reconnect(let worker, _),
      .fact(let worker, _), .workerTick(let worker, _), .stepped(let worker, _, _),
      .drained(let worker, _), .transferred(let worker, _), .measure(let worker):
      if !defers(worker, happening) { happen(happening, to: worker) }
    case .fault(let fault): cause(fault)
    case .heal: heal()
    case .attend: attend()
    }
  }

  /// Handles a happening of a running worker.
  private mutating func happen(_ happening: Happening, to worker: Int) {
    switch happening {
    case .toWorker(_, let connection, let directive):
      deliver(directive, to: worker, on: connection)
    case .beat: beat(worker)
    case .computed(_, let trial, let run, let milliseconds):
      compute(worker, trial: trial, run: run, milliseconds: milliseconds)
    case .reconnect(_, let connection):
      if stations[worker]?.connection == connection { reconnect(worker) }
    case .fact(_, let event): inform(worker, event)
    case .workerTick(_, let number): tick(worker, number: number)
    case .stepped(_, let id, let process): step(worker, id, process: process)
    case .drained(_, let id): drain(worker, id)
    case .transferred(_, let transfer): end(transfer, by: worker)
    case .measure: measure(worker)
    case .toCoordinator, .tick, .coordinatorStarts, .extensionAnswered, .workerStarts, .resumes,
      .fault, .heal, .attend:
      preconditionFailure("not a worker's")
    }
  }

  /// Defers a happening of a paused process.
  private mutating func defers(_ worker: Int, _ happening: Happening) -> Bool {
    guard let until = stations[worker]?.pausedUntil, until > now else { return false }
    stations[worker]?.backlog.append(happening)
    return true
  }

  /// Continues a paused process: received messages first, then the clock.
  mutating func resume(_ worker: Int) {
    guard let station = stations[worker], station.pausedUntil <= now else { return }
    stations[worker]?.backlog = []
    if let bench = benches[worker] {
      benches[worker]?.checker.noteSleep(until: bench.instant(now))
    }
    for happening in station.backlog {
      if case .workerTick = happening { continue }
      happen(happening)
    }
    if let number = benches[worker]?.tickNumber, !station.backlog.isEmpty {
      tick(worker, number: number)
    }
  }

  /// Sends a message over the network, which may lose, delay or duplicate it.
  mutating func transmit(_ happening: Happening) {
    let copies =
      isHealed
      ? 1
      : random.happens(options.lossPerMessage)
        ? 0 : random.happens(options.duplicationPerMessage) ? 2 : 1
    for _ in 0..<copies {
      let delay = isHealed ? 1 : random.draw(options.delayMilliseconds)
      timeline.plan(happening, at: now + delay)
    }
  }
}

extension SweepEnding {
  /// Whether the sweep has ended for good.
  var isLast: Bool {
    switch self {
    case .complete, .completeWithFailures: true
    case .failureLimitReached, .paused, .stopped: false
    }
  }
}
