import Coordination
import Digests
import Randomness
import Rehearsal
import Supervision
import Trials

/// The processes of trials that a real worker would start: their steps, checkpoints and deaths.
extension Simulation {
  /// Starts to train, unless no process can be started.
  mutating func startProcess(
    of id: WorkID, from checkpoint: FetchedCheckpoint?, threads: Int, by worker: Int
  ) {
    guard let folder = benches[worker]?.folders[id], let speed = stations[worker]?.speed else {
      return
    }
    if !isHealed, random.happens(options.failurePerTransfer / 4) {
      return plan(.trialFailed(id, Self.failure(.stopped)), of: worker)
    }
    // A fetched checkpoint may have been damaged since.
    let isTorn = checkpoint != nil && !isHealed && random.happens(options.tornPerCheckpoint)
    let isRefused = folder.fetched?.flaw == .visible
    let start = checkpoint == nil || isTorn || isRefused ? nil : folder.fetched
    let step = start?.step ?? 0
    let whole = random.draw(options.trialMilliseconds) / speed
    let speedUp = ThreadCounts.expectedSpeedUp(threads)
    let interval = whole * SimulatedSweep.interval / SimulatedSweep.steps
    let milliseconds = max(Int(Double(interval) / speedUp), 1)
    runCount += 1
    benches[worker]?.folders[id]?.base = start?.base ?? .beginning
    benches[worker]?.folders[id]?.rows = start?.rows ?? []
    benches[worker]?.folders[id]?.process = SimulatedBench.Process(
      number: runCount, threads: threads, step: step, since: now, milliseconds: milliseconds,
      isTainted: start?.flaw == .hidden)
    if let count = benches[worker]?.processCount, let slots = stations[worker]?.slots,
      count > slots
    {
      checker.report("worker \(worker): \(count) processes in \(slots) slots")
    }
    if let count = benches[worker]?.threadCount, let station = stations[worker], station.cores > 0,
      count > station.cores
    {
      checker.report("worker \(worker): \(count) threads on \(station.cores) cores")
    }
    plan(
      .trialBegan(
        id,
        TrialBeginning(
          step: step, refusals: isTorn || isRefused ? ["torn"] : [],
          trajectory: start?.base ?? .beginning)),
      of: worker)
    if let start, !start.rows.isEmpty { tellOfTrajectory(of: id, by: worker) }
    timeline.plan(.stepped(worker, id, process: runCount), at: now + milliseconds)
  }

  /// A process advances its trial by one checkpoint interval.
  mutating func step(_ worker: Int, _ id: WorkID, process number: Int) {
    guard let folder = benches[worker]?.folders[id], let process = folder.process,
      process.number == number
    else { return }
    let configuration = folder.configuration
    let steps = SimulatedSweep.steps(of: configuration)
    if !isHealed, random.happens(options.hangPerInterval) {
      benches[worker]?.folders[id]?.process?.hangs = true
      return
    }
    let step = SimulatedSweep.nextStep(after: process.step, of: configuration)
    outcome.computedSteps[id.trial, default: 0] += step - process.step
    if !isHealed, random.happens(options.deathPerInterval) {
      return endProcess(of: id, with: .trialFailed(id, Self.failure(.signal)), by: worker)
    }
    // A process may resume from the final state, without steps to do.
    if step > process.step { noteStep(step, of: id, configuration, by: worker) }
    if process.isTainted, step >= steps || random.happens(0.5) {
      let claim = benches[worker]?.core.claims.first { $0.trial == id.trial }
      if let attempt = claim?.attempt { checker.noteTainted(id.trial, attempt: attempt) }
      return endProcess(
        of: id, with: .trialFailed(id, Self.divergence(of: id.trial, at: step)), by: worker)
    }
    guard step < steps else {
      if folder.wantsLast { writeCheckpoint(of: id, step: step, by: worker) }
      let end: WorkerEvent =
        switch drawEnd(of: configuration, trial: id.trial, begunUnder: folder.attempt) {
        case .finished(let result): .trialFinished(id, SpooledResult(result))
        case .failed(let failure): .trialFailed(id, failure)
        }
      return endProcess(of: id, with: end, by: worker)
    }
    benches[worker]?.folders[id]?.process?.step = step
    benches[worker]?.folders[id]?.process?.since = now
    let progress = TrialProgress(
      step: step, totalSteps: steps, mse: 9, gatesOpen: 4, multiplier: 1,
      stepsPerSecond: Double(SimulatedSweep.interval) * 1000 / Double(process.milliseconds))
    plan(.trialProgressed(id, progress), of: worker)
    writeCheckpoint(of: id, step: step, by: worker)
    timeline.plan(.stepped(worker, id, process: number), at: now + process.milliseconds)
  }

  private mutating func noteStep(
    _ step: Int, of id: WorkID, _ configuration: TrialConfiguration, by worker: Int
  ) {
    benches[worker]?.folders[id]?.rows += SimulatedSweep.row(step, of: configuration)
    tellOfTrajectory(of: id, by: worker)
    for (index, report) in SimulatedSweep.reports(at: step, of: configuration) {
      plan(.reportReached(id, index: index, report), of: worker)
    }
  }

  /// A process that was asked to exit writes a checkpoint and exits.
  mutating func drain(_ worker: Int, _ id: WorkID) {
    guard let process = benches[worker]?.folders[id]?.process, !process.hangs else { return }
    let steps = process.stepsInHand(at: now)
    outcome.computedSteps[id.trial, default: 0] += steps
    if process.step + steps > 0 {
      writeCheckpoint(of: id, step: process.step + steps, by: worker)
    }
    endProcess(of: id, with: .trialFailed(id, Self.failure(.stopped)), by: worker)
  }

  mutating func kill(_ id: WorkID, by worker: Int) {
    guard let process = benches[worker]?.folders[id]?.process else { return }
    outcome.lostSteps += process.stepsInHand(at: now)
    endProcess(of: id, with: .trialFailed(id, Self.failure(.signal)), by: worker)
  }

  private mutating func endProcess(of id: WorkID, with event: WorkerEvent, by worker: Int) {
    benches[worker]?.folders[id]?.process = nil
    if case .trialFinished = event { benches[worker]?.folders[id]?.isFinished = true }
    plan(event, of: worker)
  }

  private mutating func writeCheckpoint(of id: WorkID, step: Int, by worker: Int) {
    guard let station = stations[worker], let folder = benches[worker]?.folders[id] else { return }
    let flaw = folder.process?.isTainted == true ? .hidden : drawFlaw(of: station)
    let local = LocalCheckpoint(
      attempt: folder.attempt, step: step, base: folder.base, rows: folder.rows, flaw: flaw)
    benches[worker]?.folders[id]?.checkpoints =
      [local] + folder.checkpoints.filter { $0.step != step }.prefix(1)
    let checkpoint = SimulatedSweep.checkpoint(
      of: id.trial, folder.configuration, step: step, instructionSet: station.instructionSet,
      trajectory: folder.trajectory, flaw: flaw
    ).checkpoint
    flaws[checkpoint.digest] = flaw
    plan(
      .checkpointWritten(
        id, WrittenCheckpoint(file: "checkpoint-\(step)", checkpoint: checkpoint)), of: worker)
  }

  private mutating func tellOfTrajectory(of id: WorkID, by worker: Int) {
    guard let trajectory = benches[worker]?.folders[id]?.trajectory else { return }
    plan(.trajectoryWritten(id, byteCount: trajectory.byteCount), of: worker)
  }

  /// How a trial ends after its last step.
  mutating func drawEnd(
    of configuration: TrialConfiguration, trial: TrialID, begunUnder attempt: Int
  ) -> SimulatedWorker.Outcome {
    if sweep.poison.contains(trial) || (!isHealed && random.happens(options.failurePerAttempt)) {
      let causes: [FailureCause] = [.exitCode, .signal, .outOfMemory, .notANumber, .timeout]
      if sweep.poison.contains(trial), random.happens(0.5) {
        return .failed(
          Self.divergence(of: trial, at: SimulatedSweep.steps(of: configuration)))
      }
      return .failed(Self.failure(causes.randomElement(using: &random) ?? .exitCode))
    }
    if !isHealed, random.happens(options.diskFullPerAttempt) {
      return .failed(Self.failure(.diskFull))
    }
    return .finished(SimulatedSweep.result(of: configuration, begunUnder: attempt))
  }

  static func failure(_ cause: FailureCause) -> TrialFailure {
    TrialFailure(cause: cause, message: "simulated \(cause.rawValue)")
  }

  /// Plans the delivery of an event from a part of a worker, in order.
  mutating func plan(_ event: WorkerEvent, of worker: Int) {
    timeline.plan(.fact(worker, event), at: now + 1)
  }
}
