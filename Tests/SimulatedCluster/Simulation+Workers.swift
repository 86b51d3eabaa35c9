import Coordination
import Digests
import Randomness
import Rehearsal
import Supervision
import Trials

/// The workers' shells: their clocks, their computations, their ends.
extension Simulation {
  private static let beatMilliseconds = 5_000

  mutating func startWorker(_ spool: Spool) {
    let number = stations.count
    let isReal = random.happens(options.realShare)
    // A lying worker's spool is not used.
    let lies = !isReal && !isHealed && spool.host == nil && random.happens(options.lyingShare)
    let slots = random.draw(1...options.slotsMaximum)
    let cores = options.dividesCores && isReal ? 2 * slots : 0
    let station = Station(
      number: number, host: spool.host, slots: max(cores, slots), cores: cores,
      speed: number.isMultiple(of: 3) ? options.speedMaximum : 1, lies: lies, options: options,
      connection: newConnection(of: number))
    checker.noteWorker(
      station.id, slots: station.slots, cores: station.cores, host: station.host, lies: station.lies
    )
    stations.append(station)
    workers.append(isReal ? nil : SimulatedWorker(spool, options: options, now: now))
    benches.append(isReal ? bench(of: station, spool) : nil)
    if isReal {
      timeline.plan(.measure(number), at: now)
      if isConnected(number) { return inform(number, .connected) }
      inform(number, .clockTicked)
      timeline.plan(
        .reconnect(number, station.connection), at: now + random.draw(500...3_000))
    } else if let worker = workers[number] {
      perform([worker.announcement(from: station, at: now)], by: number)
      timeline.plan(.beat(number), at: now + random.draw(500...Self.beatMilliseconds))
    }
  }

  private mutating func bench(of station: Station, _ spool: Spool) -> SimulatedBench {
    SimulatedBench(
      slots: station.slots, cores: station.cores,
      surplus: workerSabotage == .takesMoreThanItsSlots ? 1 : 0,
      exitsWhenIdle: random.happens(0.5),
      patience: .seconds(random.draw(20...400)), spool: spool, at: now)
  }

  /// Makes a connection, without answers while the coordinator is down.
  private mutating func newConnection(of worker: Int) -> ConnectionID {
    connectionCount += 1
    let connection = ConnectionID(withUnsafeBytes(of: connectionCount.bigEndian) { Array($0) })
    if coordinator != nil { connections[connection] = worker }
    return connection
  }

  mutating func reconnect(_ worker: Int) {
    guard let old = stations[worker]?.connection else { return }
    connections[old] = nil
    let connection = newConnection(of: worker)
    stations[worker]?.connection = connection
    if coordinator == nil {
      timeline.plan(.reconnect(worker, connection), at: now + random.draw(500...3_000))
    } else if benches[worker] != nil {
      inform(worker, .connected)
    }
    guard let station = stations[worker] else { return }
    perform(workers[worker]?.reconnect(from: station, at: now) ?? [], by: worker)
  }

  mutating func deliver(_ directive: Directive, to worker: Int, on connection: ConnectionID) {
    guard let station = stations[worker], station.connection == connection else { return }
    if benches[worker] != nil { return inform(worker, WorkerEvent(directive)) }
    runCount += 1
    perform(
      workers[worker]?.receive(
        directive, at: station, nextRun: runCount, blobs: blobs, now: now) ?? [],
      by: worker)
  }

  mutating func beat(_ worker: Int) {
    guard let station = stations[worker], let silentSince = workers[worker]?.lastHeard else {
      return
    }
    timeline.plan(.beat(worker), at: now + Self.beatMilliseconds)
    if now - silentSince > 20_000 {
      reconnect(worker)
    } else {
      perform(workers[worker]?.beat(from: station, at: now) ?? [], by: worker)
      if station.lies { lie(worker) }
    }
  }

  /// Advances a computation by one checkpoint interval; the checkpoint is stored if the worker has
  /// a working connection.
  mutating func compute(_ worker: Int, trial: TrialID, run: Int, milliseconds: Int) {
    guard let work = workers[worker]?.work(of: trial, run: run),
      let station = stations[worker]
    else { return }
    let configuration = work.configuration
    let step = SimulatedSweep.nextStep(after: work.step, of: configuration)
    outcome.computedSteps[trial, default: 0] += step - work.step
    // It may resume from the final state, without steps to do.
    if step > work.step {
      workers[worker]?.note(
        trial, run: run, row: SimulatedSweep.row(step, of: configuration),
        reports: SimulatedSweep.reports(at: step, of: configuration))
    }
    let checkpoint = store(
      worker, trial: trial, run: run, step: step, configuration, isTainted: work.isTainted)
    if work.isTainted, step >= SimulatedSweep.steps(of: configuration) || random.happens(0.5) {
      return diverge(worker, work, at: step)
    }
    guard step < SimulatedSweep.steps(of: configuration) else {
      if let checkpoint { workers[worker]?.noteLast(checkpoint, of: trial, run: run) }
      return endComputation(worker, work)
    }
    let deeds =
      workers[worker]?.advance(
        trial, run: run, to: step,
        stepsPerSecond: Double(SimulatedSweep.interval) * 1000 / Double(milliseconds),
        storing: checkpoint, from: station, at: now) ?? []
    perform(deeds, by: worker)
    timeline.plan(
      .computed(worker: worker, trial: trial, run: run, milliseconds: milliseconds),
      at: now + milliseconds)
  }

  /// Stores the checkpoint of a step if the worker has a working connection.
  private mutating func store(
    _ worker: Int, trial: TrialID, run: Int, step: Int, _ configuration: TrialConfiguration,
    isTainted: Bool
  ) -> TrialCheckpoint? {
    guard let station = stations[worker], isConnected(worker), station.outgoingBlockedUntil <= now,
      let trajectory = workers[worker]?.trajectory(of: trial, run: run)
    else { return nil }
    let (checkpoint, blob) = SimulatedSweep.checkpoint(
      of: trial, configuration, step: step, instructionSet: station.instructionSet,
      trajectory: trajectory, flaw: isTainted ? .hidden : drawFlaw(of: station))
    recordedDigests.remove(checkpoint.digest)
    blobs[checkpoint.digest] = blob
    return checkpoint
  }

  /// Draws the flaw of a checkpoint; usually nil.
  mutating func drawFlaw(of station: Station) -> CheckpointFlaw? {
    if station.lies { return random.happens(0.5) ? .visible : .hidden }
    guard !isHealed, random.happens(options.badPerCheckpoint) else { return nil }
    return random.happens(0.5) ? .visible : .hidden
  }

  /// Lets a computation diverge.
  private mutating func diverge(_ worker: Int, _ work: SimulatedWorker.Work, at step: Int) {
    guard let station = stations[worker] else { return }
    checker.noteTainted(work.trial, attempt: work.attempt)
    perform(
      workers[worker]?.end(
        work.trial, run: work.run, .failed(Self.divergence(of: work.trial, at: step)),
        from: station, at: now) ?? [],
      by: worker)
  }

  static func divergence(of trial: TrialID, at step: Int) -> TrialFailure {
    TrialFailure(
      cause: .notANumber, message: "simulated divergence",
      divergence: Divergence(
        step: step, stateDigest: Digest.of("\(trial) diverged from a flawed state")))
  }

  private mutating func endComputation(_ worker: Int, _ work: SimulatedWorker.Work) {
    let end = drawEnd(of: work.configuration, trial: work.trial, begunUnder: work.begunUnder)
    guard let station = stations[worker] else { return }
    perform(
      workers[worker]?.end(work.trial, run: work.run, end, from: station, at: now) ?? [],
      by: worker)
  }

  func isConnected(_ worker: Int) -> Bool {
    guard let connection = stations[worker]?.connection else { return false }
    return connections[connection] != nil
  }

  mutating func perform(_ deeds: [SimulatedWorker.Deed], by worker: Int) {
    for deed in deeds {
      switch deed {
      case .say(let event):
        if case .trialFinished(let trial, _, _, _, _) = event { artifacts.insert(trial) }
        say(event, by: worker)
      case .compute(let trial, let run):
        let whole = random.draw(options.trialMilliseconds) / (stations[worker]?.speed ?? 1)
        let milliseconds = max(whole * SimulatedSweep.interval / SimulatedSweep.steps, 1)
        timeline.plan(
          .computed(worker: worker, trial: trial, run: run, milliseconds: milliseconds),
          at: now + milliseconds)
      case .forgetResult(let trial, let result, let attempt):
        // A lying worker's results need not be kept.
        if stations[worker]?.lies == true { continue }
        checker.noteForgotten(trial, result, begunUnder: attempt)
      case .exit:
        end(worker)
        timeline.plan(.workerStarts(Spool()), at: now + random.draw(1_000...30_000))
      }
    }
  }

  mutating func say(_ event: Event, by worker: Int) {
    guard isConnected(worker), (stations[worker]?.outgoingBlockedUntil ?? 0) <= now else { return }
    transmit(.toCoordinator(stations[worker]?.lies == true ? twisted(event) : event))
  }

  /// Ends a worker's process.
  mutating func end(_ worker: Int) {
    if let connection = stations[worker]?.connection { connections[connection] = nil }
    stations[worker] = nil
    workers[worker] = nil
    benches[worker] = nil
  }
}
