import Coordination
import Digests
import Foundation
import Randomness
import Trials

/// The hosts: they join, compute, report and fail.
extension Rehearsal {
  private func connection(of host: Int, process: Int) -> ConnectionID {
    ConnectionID(Array("\(host):\(process)".utf8))
  }

  private func connection(of host: Int) -> ConnectionID? {
    hosts[host].process.map { connection(of: host, process: $0) }
  }

  mutating func start(_ host: Int) {
    hosts[host].processCount += 1
    let process = hosts[host].processCount
    hosts[host].process = process
    let model = hosts[host].model
    if let mean = options.meanTimeBetweenFailures {
      timeline.plan(.hostFails(host), at: now + exponential(mean))
    }
    timeline.plan(.beat(host: host, process: process), at: now + beatMilliseconds)
    tell(
      .workerAnnounced(
        WorkerAnnouncement(
          worker: WorkerID("\(model.name).\(process)"), host: model.name, slots: model.slots,
          divisibleCores: model.cores,
          instructionSet: options.announcesInstructionSet ? model.instructionSet : "",
          coreCount: model.slots, claims: []),
        on: connection(of: host, process: process)))
  }

  mutating func fail(_ host: Int) {
    guard hosts[host].process != nil else { return }
    report.hostFailures += 1
    for trial in hosts[host].runs.keys { endRun(of: trial, on: host) }
    hosts[host].process = nil
    timeline.plan(.hostReturns(host), at: now + exponential(options.meanTimeToReturn))
  }

  private var beatMilliseconds: Int { max(Int(options.heartbeatInterval / .milliseconds(1)), 1) }

  mutating func beat(_ host: Int, process: Int) {
    guard hosts[host].process == process, let connection = connection(of: host) else { return }
    timeline.plan(.beat(host: host, process: process), at: now + beatMilliseconds)
    tell(.heartbeatReceived(claims: claims(of: host), on: connection))
  }

  private func claims(of host: Int) -> [AttemptClaim] {
    hosts[host].runs.sorted { $0.key < $1.key }.map { trial, run in
      AttemptClaim(
        trial: trial, attempt: run.attempt,
        progress: TrialProgress(
          step: step(of: run), totalSteps: trials[trial]?.steps ?? 1, mse: 10, gatesOpen: 1,
          multiplier: 1, stepsPerSecond: run.stepsPerSecond),
        checkpoint: run.checkpoint, threads: run.threads)
    }
  }

  private func step(of run: Run) -> Int {
    let computed = Double(max(now - run.begunAt, 0)) / 1000 * run.stepsPerSecond
    return run.firstStep + Int(min(computed, Double(Int32.max)))
  }

  /// Delivers a directive to the host with the connection; if there is none, reports the connection
  /// as lost.
  mutating func deliver(_ directive: Directive, on connection: ConnectionID) {
    guard let host = hosts.indices.first(where: { self.connection(of: $0) == connection }) else {
      pendingEvents.append(.connectionLost(connection))
      return
    }
    switch directive {
    case .assign(let assignment): begin(assignment, on: host)
    case .assignThreads(let trial, let attempt, let threads):
      if let run = hosts[host].runs[trial], run.attempt == attempt {
        change(run, of: trial, toThreads: threads, on: host)
      }
    case .abandon(let trial, let attempt, _), .acknowledge(let trial, let attempt):
      if let run = hosts[host].runs[trial], run.attempt <= attempt { endRun(of: trial, on: host) }
    case .drain(let reason):
      for (trial, run) in hosts[host].runs.sorted(by: { $0.key < $1.key }) {
        endRun(of: trial, on: host)
        pendingEvents.append(
          .attemptFailed(
            trial: trial, attempt: run.attempt,
            failure: TrialFailure(cause: .stopped, message: reason), checkpoint: run.checkpoint,
            on: connection))
      }
      pendingEvents.append(.workerLeft(reason: reason, on: connection))
      hosts[host].process = nil
    case .announceAgain, .refuse, .welcome, .heartbeat, .shutDown, .reportTaken, .pieceTaken,
      .trajectoryUnknown:
      break
    }
  }

  private mutating func begin(_ assignment: Assignment, on host: Int) {
    let trial = assignment.trial
    if hosts[host].runs[trial] != nil {
      hosts[host].runs[trial]?.attempt = assignment.attempt
      return
    }
    guard let facts = trials[trial] else { return }
    let checkpoint = assignment.checkpoints.first
    if checkpoint != nil { report.resumptions += 1 }
    runCount += 1
    let firstStep = checkpoint?.checkpoint.step ?? 0
    let fails = random.happens(options.failurePerAttempt)
    let share = fails ? Double.random(in: 0..<1, using: &random) : 1
    let run = Run(
      number: runCount, attempt: assignment.attempt, configuration: assignment.configuration,
      firstStep: firstStep, begunAt: now,
      slowStepsPerSecond: Double(facts.steps) / max(facts.seconds, 1e-3)
        * hosts[host].model.speed,
      lastStep: firstStep + Int((Double(facts.steps - firstStep) * share).rounded(.up)),
      fails: fails, threads: assignment.threads ?? 1)
    hosts[host].runs[trial] = run
    checkCores(of: host)
    planEnd(of: trial, run, on: host)
    planCheckpoint(of: trial, run: run.number, on: host)
  }

  private mutating func planEnd(of trial: TrialID, _ run: Run, on host: Int) {
    let seconds = Double(run.lastStep - run.firstStep) / run.stepsPerSecond
    timeline.plan(
      .trialEnds(host: host, trial: trial, run: run.number),
      at: max(run.begunAt + Int((min(seconds, Self.secondsMaximum) * 1000).rounded(.up)), now + 1))
  }

  /// Goes on with a run with other threads, after a pause unless it has not begun.
  private mutating func change(
    _ run: Run, of trial: TrialID, toThreads threads: Int, on host: Int
  ) {
    guard threads != run.threads else { return }
    var next = run
    if now > run.begunAt {
      endRun(of: trial, on: host)
      next.firstStep = step(of: run)
      next.begunAt = now + Int(options.threadChangeCost / .milliseconds(1))
      report.threadChanges += 1
    }
    runCount += 1
    next.number = runCount
    next.threads = threads
    hosts[host].runs[trial] = next
    checkCores(of: host)
    planEnd(of: trial, next, on: host)
    planCheckpoint(of: trial, run: next.number, on: host)
  }

  private func checkCores(of host: Int) {
    let (cores, slots) = (hosts[host].model.cores, hosts[host].model.slots)
    let used = hosts[host].runs.values.reduce(0) { $0 + $1.threads }
    precondition(used <= (cores > 0 ? cores : slots), "more threads than cores are rehearsed")
  }

  private mutating func planCheckpoint(of trial: TrialID, run: Int, on host: Int) {
    let interval = max(Int(options.checkpointInterval / .milliseconds(1)), 1)
    timeline.plan(.checkpoint(host: host, trial: trial, run: run), at: now + interval)
  }

  mutating func saveCheckpoint(of trial: TrialID, run number: Int, on host: Int) {
    guard let run = hosts[host].runs[trial], run.number == number else { return }
    let step = step(of: run)
    let instructionSet = hosts[host].model.instructionSet
    hosts[host].runs[trial]?.checkpoint = TrialCheckpoint(
      step: step, digest: Digest.of("\(trial) \(step)"), byteCount: 1,
      instructionSet: options.announcesInstructionSet ? instructionSet : "",
      stateDigest: Digest.of("\(trial) \(step)"), trajectory: .empty)
    planCheckpoint(of: trial, run: number, on: host)
  }

  /// Ends a trial with a result, or with a failure if that was drawn.
  mutating func endTrial(_ trial: TrialID, run number: Int, on host: Int) {
    guard let run = hosts[host].runs[trial], run.number == number,
      let connection = connection(of: host)
    else { return }
    endRun(of: trial, on: host)
    guard !run.fails else {
      report.attemptFailures += 1
      return tell(
        .attemptFailed(
          trial: trial, attempt: run.attempt,
          failure: TrialFailure(cause: .signal, message: "rehearsed death"),
          checkpoint: run.checkpoint, on: connection))
    }
    tell(
      .trialFinished(
        trial: trial, attempt: run.attempt, result: result(of: run, trial, on: host),
        on: connection))
  }

  /// Removes a run and adds its time to the report.
  mutating func endRun(of trial: TrialID, on host: Int) {
    guard let run = hosts[host].runs.removeValue(forKey: trial) else { return }
    let steps = trials[trial]?.steps ?? 0
    let computed = min(step(of: run), steps) - run.firstStep
    let busy = max(now - run.begunAt, 0) * run.threads
    trials[trial]?.computedSteps += computed
    trials[trial]?.busyMilliseconds += busy
    hosts[host].busyMilliseconds += busy
  }

  /// A result that every successor can use: a tiny error and all gates open.
  private func result(of run: Run, _ trial: TrialID, on host: Int) -> ReceivedResult {
    let steps = trials[trial]?.steps ?? 0
    let latents: Int
    if case .value(let count) = run.configuration.model.latents {
      latents = count
    } else {
      latents = 1
    }
    let budgets = run.configuration.milestones
    let last = budgets.last?.count ?? 1
    let milestones = budgets.enumerated().map { index, budget in
      MilestoneReport(
        budget: budget, tolerance: run.configuration.tolerance(atMilestone: index) ?? 0,
        step: Int(Double(steps) * Double(budget.count) / Double(last)),
        ending: budget.count == last
          ? .budget : run.configuration.trace == nil ? .goesOn : .budget.with(isFinal: false),
        stateDigest: nil, gatesOpen: latents,
        mse: 10, evaluationMSE: 10, firstHitStep: nil, multiplier: 1, openProbabilities: [])
    }
    let seconds = Double(now - run.begunAt) / 1000
    let model = hosts[host].model
    let result = TrialResult(
      milestones: milestones, artifacts: [],
      provenance: TrialProvenance(
        configuration: run.configuration, images: Digest.of(""), host: model.name, processor: "",
        instructionSet: model.instructionSet, versions: [:], started: "", seconds: seconds,
        processorSeconds: seconds, steps: steps - run.firstStep, secondPassShare: 0,
        peakResidentBytes: 0))
    return ReceivedResult(result: result, bytes: [], contentDigest: Digest.of("\(trial)"))
  }

  /// Draws an exponentially distributed time, in milliseconds.
  private mutating func exponential(_ mean: Duration) -> Int {
    let uniform = Double.random(in: .leastNonzeroMagnitude..<1, using: &random)
    return max(Int(-log(uniform) * (mean / .milliseconds(1))), 1)
  }
}
