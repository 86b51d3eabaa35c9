import Coordination
import Digests
import Trials

/// Checks the journal and every directive against a model that shares no code with the coordinator.
package struct JournalChecker: Sendable {
  private let planned: [TrialID: PlannedTrial]
  private let attemptLimit: Int
  /// The stages in which one trial must start alone.
  private let canaryStages: Set<String>
  var models: [TrialID: TrialModel] = [:]
  private var slots: [WorkerID: Int] = [:]
  /// The cores of workers that may be divided, and the threads that were last ordered of them since
  /// the coordinator started.
  private(set) var cores: [WorkerID: Int] = [:]
  var orderedThreads: [WorkerID: [TrialID: Int]] = [:]
  var hosts: [WorkerID: String] = [:]
  /// Who announced itself on each connection; late messages on an earlier one are its own, too.
  var speakers: [ConnectionID: WorkerID] = [:]
  private var leaseCounts: [WorkerID: Int] = [:]
  /// The last messages of the workers that announced themselves.
  var heard: [WorkerID: Heard] = [:]
  private var drainedHosts: Set<String> = []
  private var pausedStages: Set<String> = []
  private var successfulStages: Set<String> = []
  /// Stages that the coordinator knows to work.
  private var liveStages: Set<String> = []
  /// The trials that this coordinator has leased by its own decision, by stage.
  private var ownLeases: [String: Set<TrialID>] = [:]
  /// The lying workers.
  var liars: Set<WorkerID> = []
  /// The sender of the current event; nil for none.
  var speaker: WorkerID?
  /// Attempts that resumed from a flawed checkpoint and diverged.
  var tainted: [TrialID: Set<Int>] = [:]
  /// The violations found, in order.
  package private(set) var violations: [String] = []

  struct Heard {
    var connection: ConnectionID
    var isHindered: Bool
    var claimed: Set<TrialID>
    /// Whether the connection has broken since.
    var isGone = false
  }

  /// A checker for a plan.
  ///
  /// - Parameter sendsCanaries: Whether one trial of each stage starts alone.
  package init(plan: [PlannedTrial], attemptLimit: Int, sendsCanaries: Bool) {
    planned = Dictionary(uniqueKeysWithValues: plan.map { ($0.id, $0) })
    self.attemptLimit = attemptLimit
    let sizes = Dictionary(grouping: plan, by: \.stage).mapValues(\.count)
    canaryStages = sendsCanaries ? Set(sizes.filter { $0.value > 1 }.keys) : []
    for trial in plan { models[trial.id] = TrialModel() }
  }

  /// Adds a worker.
  package mutating func noteWorker(
    _ worker: WorkerID, slots: Int, cores: Int = 0, host: String, lies: Bool = false
  ) {
    if lies { liars.insert(worker) }
    self.slots[worker] = slots
    self.cores[worker] = cores
    hosts[worker] = host
  }

  /// Notes that a coordinator starts, which knows no workers.
  package mutating func noteCoordinatorStarted() {
    heard = [:]
    orderedThreads = [:]
    ownLeases = [:]
    liveStages = successfulStages
    // Unrecorded messages are forgotten; they will be repeated.
    for (trial, model) in models {
      models[trial]?.unusable = model.unusable.intersection(model.refused)
    }
    for (trial, model) in models where !model.checkpoints.isEmpty { noteLife(of: trial) }
  }

  private mutating func noteLife(of trial: TrialID) {
    if let stage = planned[trial]?.stage { liveStages.insert(stage) }
  }

  /// Notes the event that the coordinator will handle next.
  package mutating func noteHeard(_ event: Event) {
    speaker = sender(of: event)
    switch event {
    case .workerAnnounced(let announcement, let connection):
      speakers[connection] = announcement.worker
      noteLife(announcement.claims)
      noteRefusals(announcement.claims, by: announcement.worker)
    case .heartbeatReceived(let claims, let obstacle, let connection):
      guard let worker = heard.first(where: { $0.value.connection == connection })?.key else {
        return
      }
      heard[worker]?.isHindered = obstacle != nil
      heard[worker]?.claimed = Set(claims.map(\.trial))
      noteLife(claims)
      if heard[worker]?.isGone == false { noteRefusals(claims, by: worker) }
    case .connectionLost(let connection):
      if let worker = heard.first(where: { $0.value.connection == connection })?.key {
        heard[worker]?.isGone = true
      }
    case .reportReached(let trial, _, _, _, _): noteLife(of: trial)
    default: break
    }
  }

  /// Notes an announcement that the coordinator has taken; it refuses one under a name that another
  /// connection has.
  package mutating func noteWelcomed(
    _ announcement: WorkerAnnouncement, on connection: ConnectionID
  ) {
    heard[announcement.worker] = Heard(
      connection: connection, isHindered: announcement.obstacle != nil,
      claimed: Set(announcement.claims.map(\.trial)))
  }

  private mutating func noteLife(_ claims: [AttemptClaim]) {
    for claim in claims where claim.checkpoint != nil || claim.progress?.step ?? 0 > 0 {
      noteLife(of: claim.trial)
    }
  }

  /// The host of a worker that exists.
  package func host(of worker: WorkerID) -> String? { hosts[worker] }

  /// Whether a planned trial waits for others.
  package func hasParents(_ trial: TrialID) -> Bool { planned[trial]?.parents.isEmpty == false }

  /// The stage of a planned trial.
  package func stage(of trial: TrialID) -> String? { planned[trial]?.stage }

  /// Notes a violation found elsewhere.
  package mutating func report(_ violation: String) { violations.append(violation) }

  /// The recorded results, by trial.
  package var results: [TrialID: ReceivedResult] { models.compactMapValues(\.result) }

  /// How many trials have each status.
  package var counts: TrialCounts {
    var counts = TrialCounts()
    for model in models.values {
      if model.result != nil {
        counts.complete += 1
      } else if model.hasFailed {
        counts.failed += 1
      } else if model.isStopped {
        counts.stopped += 1
      } else if !model.leases.isEmpty {
        counts.running += 1
      } else {
        counts.waiting += 1
      }
    }
    return counts
  }

  /// How many leases are open.
  package var leaseCount: Int { models.values.reduce(0) { $0 + $1.leases.count } }

  /// The digests of checkpoints that unfinished trials may need.
  package var checkpointDigests: Set<Digest> {
    Set(models.values.flatMap { $0.checkpoints + ($0.last.map { [$0] } ?? []) }.map(\.digest))
  }

  /// Whether the pieces of a result's trajectory are recorded, or need not be any more.
  package func hasTrajectory(of result: TrialResult, _ trial: TrialID) -> Bool {
    guard let model = models[trial], model.result == nil,
      let file = result.artifacts.first(where: { $0.kind == .trajectory })
    else { return true }
    return model.ends.contains(
      TrajectoryPrefix(byteCount: file.byteCount, digest: file.digest))
  }

  /// A trial's configuration with the numbers that its parents' recorded results have; nil while
  /// one is missing or does not fit.
  package func configuration(of trial: TrialID) -> TrialConfiguration? {
    try? planned[trial]?.configuration.resolved { models[$0]?.result?.result.milestones.last }
  }

  /// Checks a record that has just become durable.
  package mutating func noteAppended(_ record: JournalRecord) {
    switch record {
    case .imagesPinned, .limitsSet: break
    case .workerIntroduced(let worker, let host):
      check(hosts[worker] == host, "\(worker) introduced on \(host), where it is not")
    case .checkpointDistrusted(let trial, let attempt, let worker, let checkpoint, _):
      noteDistrust(checkpoint, attempt, worker, trial)
    case .trialLeased(let trial, let attempt, let worker):
      check(models[trial]?.leases == [], "\(trial) leased twice at once")
      noteOwnLease(trial, worker)
      noteLease(trial, attempt, worker)
    case .trialDuplicated(let trial, let attempt, let worker):
      check(models[trial]?.leases.count == 1, "\(trial) duplicated while nobody or two run it")
      check(models[trial]?.leases.first?.worker != worker, "\(trial) duplicated on its own worker")
      noteLease(trial, attempt, worker)
    case .checkpointRecorded(let trial, let attempt, let checkpoint):
      noteCheckpoint(checkpoint, attempt, trial)
    case .reportRecorded(let trial, let attempt, let worker, _, let index, let report):
      checkSender(worker, attempt, trial, "a report")
      noteReport(report, index, attempt, trial, isLie: liars.contains(worker))
    case .trajectoryExtended(let trial, let attempt, let piece):
      notePiece(piece, attempt, trial)
    case .resultReused(let trial, _, let result):
      check(models[trial]?.attempts == 0, "\(trial): a result reused after an attempt")
      noteResult(result, 0, trial, isLie: false)
    case .resultDiscarded(let trial, _): noteDiscard(trial)
    case .attemptsVoided(let trial, _):
      check(
        models[trial]?.leases.isEmpty == true && models[trial]?.result == nil,
        "\(trial): attempts voided of a running or complete trial")
      models[trial]?.void()
    case .checkpointDropped(let trial):
      check(models[trial]?.last != nil, "\(trial): no last checkpoint to drop")
      models[trial]?.last = nil
    case .attemptEnded(let trial, let attempt, let failure):
      check(
        models[trial]?.leases.contains { $0.attempt == attempt } == true,
        "attempt \(attempt) of \(trial) not leased")
      endLeases(of: trial) { $0.attempt == attempt }
      noteEnd(failure, attempt, trial)
    case .resultRecorded(let trial, let attempt, let worker, let result, let last):
      checkSender(worker, attempt, trial, "a result")
      noteResult(result, attempt, trial, isLie: liars.contains(worker))
      models[trial]?.last = last
    case .trialFailed(let trial, _): noteFailure(trial)
    case .trialStopped(let trial, _): noteStop(trial)
    case .trialRetried(let trial):
      check(
        models[trial]?.hasFailed == true || models[trial]?.isStopped == true,
        "\(trial) retried without having failed")
      models[trial]?.hasFailed = false
      models[trial]?.isStopped = false
      models[trial]?.chargedFailures = 0
      models[trial]?.refusals = 0
      models[trial]?.divergences = []
      models[trial]?.distrustCount = 0
    case .hostDrained(let host, _):
      check(!drainedHosts.contains(host), "\(host) drained twice")
      drainedHosts.insert(host)
    case .hostUndrained(let host): drainedHosts.remove(host)
    case .stagePaused(let stage, _):
      check(!successfulStages.contains(stage), "stage \(stage) paused though it has a result")
      pausedStages.insert(stage)
    case .stageResumed(let stage): pausedStages.remove(stage)
    }
  }

  /// Checks a lease that the coordinator was free to give; an attempt that a worker claims is given
  /// back to it.
  private mutating func noteOwnLease(_ trial: TrialID, _ worker: WorkerID) {
    guard heard[worker]?.claimed.contains(trial) != true, let stage = planned[trial]?.stage else {
      return
    }
    check(heard[worker]?.isHindered != true, "\(trial) leased to \(worker), which takes none")
    check(
      !canaryStages.contains(stage) || liveStages.contains(stage)
        || ownLeases[stage, default: []].isEmpty,
      "\(trial) leased before the first trial of stage \(stage) has made a step")
    ownLeases[stage, default: []].insert(trial)
  }

  private mutating func noteLease(_ trial: TrialID, _ attempt: Int, _ worker: WorkerID) {
    guard let model = models[trial], let plan = planned[trial] else {
      return check(false, "\(trial) is not planned")
    }
    check(
      model.result == nil && !model.hasFailed && !model.isStopped, "\(trial) leased after its end")
    check(attempt == model.attempts + 1, "\(trial): attempt \(attempt) after \(model.attempts)")
    check(configuration(of: trial) != nil, "\(trial) leased before its parents' results")
    if let host = hosts[worker] {
      check(!drainedHosts.contains(host), "\(trial) leased to the drained host \(host)")
    }
    check(
      !drainedHosts.contains("worker \(worker)"), "\(trial) leased to \(worker), which is left out")
    check(!pausedStages.contains(plan.stage), "\(trial) leased in the paused stage \(plan.stage)")
    models[trial]?.attempts = attempt
    let lease = ModelLease(
      attempt: attempt, worker: worker, wasGivenCheckpoints: !model.checkpoints.isEmpty)
    models[trial]?.leases.append(lease)
    models[trial]?.lessees[attempt] = lease
    leaseCounts[worker, default: 0] += 1
    check(
      leaseCounts[worker, default: 0] <= slots[worker, default: 0],
      "worker \(worker) has more leases than slots")
  }

  private mutating func noteCheckpoint(
    _ checkpoint: TrialCheckpoint, _ attempt: Int, _ trial: TrialID
  ) {
    guard let model = models[trial] else { return }
    check(
      model.result == nil && !model.hasFailed && !model.isStopped,
      "\(trial): a checkpoint after its end")
    check(attempt <= model.attempts, "\(trial): checkpoint of a future attempt")
    check(
      model.ends.contains(checkpoint.trajectory),
      "\(trial): a checkpoint whose trajectory is not recorded")
    check(
      attempt == 0 || attempt > model.voidThrough, "\(trial): a checkpoint of a void attempt")
    check(
      attempt == 0 || (attempt > model.distrustedThrough && model.distrustCount < 3),
      "\(trial): a checkpoint of a distrusted attempt")
    check(
      !model.refused.contains(checkpoint.digest), "\(trial): a checkpoint that was refused before")
    if attempt > 0 { checkSender(nil, attempt, trial, "a checkpoint") }
    if attempt == 0 {
      models[trial]?.isExtended = true
      check(
        planned[trial].map(hasShorterRun) ?? false, "\(trial): extended without a shorter run")
    }
    let kept = model.checkpoints
    let isFurther = checkpoint.step > kept.first?.step ?? 0
    models[trial]?.checkpoints =
      isFurther ? [checkpoint] + kept.prefix(1) : kept.prefix(1) + [checkpoint]
  }

  /// Whether a complete trial of the plan has the same content, and ends sooner.
  private func hasShorterRun(_ trial: PlannedTrial) -> Bool {
    planned.values.contains {
      models[$0.id]?.result != nil && trial.configuration.canExtend($0.configuration)
    }
  }

  private mutating func noteReport(
    _ report: MilestoneReport, _ index: Int, _ attempt: Int, _ trial: TrialID, isLie: Bool
  ) {
    guard let model = models[trial], let configuration = configuration(of: trial) else {
      return check(false, "\(trial): a report before its parents' results")
    }
    check(model.result == nil, "\(trial): a report after its result")
    check(
      attempt > model.voidThrough && attempt <= model.attempts,
      "\(trial): a report of attempt \(attempt)")
    check(
      configuration.milestones.indices.contains(index)
        && (isLie || report == SimulatedSweep.report(at: index, of: configuration)),
      "\(trial): not its own report")
    if isLie {
      models[trial]?.liedReports.insert(index)
    } else {
      models[trial]?.reports[index] = report
    }
  }

  private mutating func notePiece(_ piece: TrajectoryPiece, _ attempt: Int, _ trial: TrialID) {
    guard let model = models[trial], let configuration = configuration(of: trial) else {
      return check(false, "\(trial): a piece before its parents' results")
    }
    check(model.result == nil, "\(trial): a piece after its result")
    check(
      attempt <= model.attempts && (attempt == 0 || attempt > model.voidThrough),
      "\(trial): a piece of attempt \(attempt)")
    check(model.ends.contains(piece.start), "\(trial): a piece after bytes that are not recorded")
    if attempt > 0 { checkSender(nil, attempt, trial, "a piece") }
    let isLie = speaker.map(liars.contains) ?? false
    let whole = SimulatedSweep.trajectory(
      of: configuration, to: SimulatedSweep.steps(of: configuration))
    let end = piece.end.prefix
    check(
      isLie
        || end.byteCount <= whole.count
          && Digest.of(Array(whole.prefix(end.byteCount))) == end.digest,
      "\(trial): not its own trajectory")
    models[trial]?.ends.insert(end)
  }

  private mutating func noteDiscard(_ trial: TrialID) {
    guard let model = models[trial] else { return }
    check(model.result != nil, "\(trial): a result discarded that is not there")
    for child in planned.values where child.parents.contains(trial) {
      check(
        models[child.id]?.result == nil && models[child.id]?.leases.isEmpty == true,
        "\(trial) discarded while \(child.id) rests on it")
    }
    models[trial]?.result = nil
    models[trial]?.last = nil
    models[trial]?.void()
    if let stage = planned[trial]?.stage,
      !models.contains(where: { planned[$0]?.stage == stage && $1.result != nil })
    {
      successfulStages.remove(stage)
    }
  }

  private mutating func noteResult(
    _ result: ReceivedResult, _ attempt: Int, _ trial: TrialID, isLie: Bool
  ) {
    check(models[trial]?.result == nil, "a second result of \(trial)")
    check(attempt <= models[trial]?.attempts ?? 0, "\(trial): result of a future attempt")
    check(
      attempt == 0 || attempt > models[trial]?.voidThrough ?? 0,
      "\(trial): result of a void attempt")
    // The simulated worker puts the attempt under which it began into `started`.
    check(
      attempt == 0 || Int(result.result.provenance.started) ?? 0 > models[trial]?.voidThrough ?? 0,
      "\(trial): a discarded result returned")
    check(hasTrajectory(of: result.result, trial), "\(trial): a result without its trajectory")
    if let configuration = configuration(of: trial) {
      check(
        isLie || result.result.content == SimulatedSweep.result(of: configuration).result.content,
        "\(trial): not its own result")
      for (index, report) in models[trial]?.reports ?? [:] where !isLie {
        check(
          result.result.milestones.indices.contains(index)
            && result.result.milestones[index] == report,
          "\(trial): its result contradicts a recorded report")
      }
    } else {
      check(false, "\(trial): a result before its parents'")
    }
    models[trial]?.reports = [:]
    models[trial]?.liedReports = []
    models[trial]?.isLie = isLie
    models[trial]?.ends = [.empty]
    endLeases(of: trial) { _ in true }
    models[trial]?.result = result
    models[trial]?.hasFailed = false
    models[trial]?.isStopped = false
    models[trial]?.checkpoints = []
    if let stage = planned[trial]?.stage { successfulStages.insert(stage) }
    noteLife(of: trial)
  }

  private mutating func noteFailure(_ trial: TrialID) {
    guard let model = models[trial], let plan = planned[trial] else { return }
    check(model.leases.isEmpty, "\(trial) failed while it was leased")
    check(model.result == nil && !model.isStopped, "\(trial) failed after its end")
    let lacksParent = plan.parents.contains {
      models[$0]?.hasFailed == true || models[$0]?.isStopped == true
    }
    let hasAllParents = plan.parents.allSatisfy { models[$0]?.result != nil }
    check(
      lacksParent || model.hasDivergedAlike || model.chargedFailures >= attemptLimit
        || model.refusals >= attemptLimit
        || (hasAllParents && configuration(of: trial) == nil), "\(trial) failed without a reason")
    models[trial]?.hasFailed = true
    models[trial]?.checkpoints = []
  }

  private mutating func noteStop(_ trial: TrialID) {
    guard let model = models[trial] else { return }
    check(model.leases.isEmpty, "\(trial) stopped while it was leased")
    check(model.result == nil && !model.hasFailed, "\(trial) stopped after its end")
    models[trial]?.isStopped = true
  }

  private mutating func endLeases(of trial: TrialID, where ends: (ModelLease) -> Bool) {
    for lease in models[trial]?.leases ?? [] where ends(lease) {
      leaseCounts[lease.worker, default: 0] -= 1
    }
    models[trial]?.leases.removeAll(where: ends)
    if let stage = planned[trial]?.stage, models[trial]?.leases.isEmpty == true {
      ownLeases[stage]?.remove(trial)
    }
  }

  /// Checks a directive when it is sent: the records that it depends on must be durable.
  package mutating func noteSent(
    _ directive: Directive, to worker: WorkerID?, blobs: [Digest: SimulatedBlob]
  ) {
    switch directive {
    case .assign(let assignment):
      noteAssigned(assignment, to: worker, blobs: blobs)
    case .assignThreads(let trial, let attempt, let threads):
      if let worker { noteThreads(threads, of: trial, attempt: attempt, to: worker) }
    case .acknowledge(let trial, let attempt):
      check(
        models[trial]?.result != nil || attempt <= models[trial]?.voidThrough ?? 0
          || (worker.map(liars.contains) ?? !liars.isEmpty),
        "\(trial): attempt \(attempt) acknowledged before a result was written down")
    case .reportTaken(let trial, let attempt, let index):
      check(
        models[trial]?.reports[index] != nil
          || models[trial]?.liedReports.contains(index) == true,
        "\(trial): report \(index) of attempt \(attempt) taken before it was written down")
    case .pieceTaken(let trial, let attempt, let byteCount):
      check(
        models[trial]?.ends.contains { $0.byteCount == byteCount } == true,
        "\(trial): a piece of attempt \(attempt) taken before it was written down")
    case .trajectoryUnknown: break
    case .abandon(let trial, let attempt, _):
      check(
        !isLeased(trial, attempt, to: worker),
        "\(trial): attempt \(attempt) abandoned while its lease is open")
    case .drain:
      if let host = worker.flatMap({ hosts[$0] }) {
        check(
          drainedHosts.contains(host)
            || worker.map { drainedHosts.contains("worker \($0)") } == true,
          "\(host) told to drain before that was written down")
      }
    case .welcome, .heartbeat, .announceAgain, .refuse, .shutDown: break
    }
  }

  private mutating func noteAssigned(
    _ assignment: Assignment, to worker: WorkerID?, blobs: [Digest: SimulatedBlob]
  ) {
    if let threads = assignment.threads, let worker {
      noteThreads(threads, of: assignment.trial, attempt: assignment.attempt, to: worker)
    }
    guard let model = models[assignment.trial] else { return }
    let lease = model.leases.first { $0.attempt == assignment.attempt }
    check(
      lease != nil,
      "\(assignment.trial): attempt \(assignment.attempt) assigned before it was written down")
    if let worker, let lease {
      check(lease.worker == worker, "\(assignment.trial) assigned to another than its lessee")
    }
    check(
      assignment.configuration == configuration(of: assignment.trial),
      "\(assignment.trial): assigned with other numbers than its parents'")
    check(
      assignment.voidThrough == model.voidThrough,
      "\(assignment.trial): assigned without saying which attempts are void")
    check(
      assignment.distrustedThrough == model.distrustedThrough,
      "\(assignment.trial): assigned without saying whose checkpoints are not believed")
    check(
      assignment.checkpoints.map(\.checkpoint)
        == (lease?.wasGivenCheckpoints == true ? model.checkpoints : []),
      "\(assignment.trial): assigned without its latest checkpoints")
    // Divergence of an earlier process of the attempt was not received; this is a new process.
    tainted[assignment.trial]?.remove(assignment.attempt)
    for checkpoint in assignment.checkpoints {
      models[assignment.trial]?.given[assignment.attempt, default: []].insert(
        checkpoint.checkpoint.digest)
      check(
        !model.unusable.contains(checkpoint.checkpoint.digest),
        "\(assignment.trial): assigned a checkpoint that was refused")
      check(
        blobs[checkpoint.checkpoint.digest] != nil,
        "\(assignment.trial): assigned a checkpoint whose blob was deleted")
    }
  }

  /// Checks that a result may be forgotten by the worker that holds it.
  package mutating func noteForgotten(
    _ trial: TrialID, _ result: ReceivedResult, begunUnder attempt: Int
  ) {
    check(
      models[trial]?.result?.result.content == result.result.content
        || models[trial]?.isLie == true || attempt <= models[trial]?.voidThrough ?? 0,
      "\(trial): a result was forgotten but not recorded")
  }

  func isLeased(_ trial: TrialID, _ attempt: Int, to worker: WorkerID?) -> Bool {
    guard let worker else { return false }
    return models[trial]?.leases.contains { $0.attempt == attempt && $0.worker == worker }
      ?? false
  }

  mutating func check(_ condition: Bool, _ violation: @autoclosure () -> String) {
    if !condition { violations.append(violation()) }
  }
}
