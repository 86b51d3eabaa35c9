import Coordination
import Digests
import Randomness
import Rehearsal
import Trials

/// The workers' shells: their clocks, their computations, their ends.
extension Simulation {
  private static let beatMilliseconds = 5_000

  mutating func startWorker(spool: [SimulatedWorker.Work]) {
    let number = workers.count
    var worker = SimulatedWorker(
      number: number, slots: random.draw(1...options.slotsMaximum),
      speed: number.isMultiple(of: 3) ? options.speedMaximum : 1, options: options,
      connection: newConnection(of: number),
      now: now)
    worker.inherit(spool)
    checker.noteWorker(worker.id, slots: worker.slots, host: worker.host)
    workers.append(worker)
    perform([worker.announcement(at: now)], by: number)
    timeline.plan(.beat(number), at: now + random.draw(500...Self.beatMilliseconds))
  }

  /// Makes a connection; nobody answers on it while the coordinator is down.
  private mutating func newConnection(of worker: Int) -> ConnectionID {
    connectionCount += 1
    let connection = ConnectionID(withUnsafeBytes(of: connectionCount.bigEndian) { Array($0) })
    if coordinator != nil { connections[connection] = worker }
    return connection
  }

  mutating func reconnect(_ worker: Int) {
    guard let old = workers[worker]?.connection else { return }
    connections[old] = nil
    let connection = newConnection(of: worker)
    perform(workers[worker]?.reconnect(connection, at: now) ?? [], by: worker)
    if coordinator == nil {
      timeline.plan(.reconnect(worker, connection), at: now + random.draw(500...3_000))
    }
  }

  mutating func deliver(_ directive: Directive, to worker: Int, on connection: ConnectionID) {
    guard workers[worker]?.connection == connection else { return }
    guard !defers(worker, .toWorker(worker, connection, directive)) else { return }
    runCount += 1
    perform(
      workers[worker]?.receive(directive, nextRun: runCount, blobs: blobs, at: now) ?? [],
      by: worker)
  }

  mutating func beat(_ worker: Int) {
    guard let silentSince = workers[worker]?.lastHeard else { return }
    guard !defers(worker, .beat(worker)) else { return }
    timeline.plan(.beat(worker), at: now + Self.beatMilliseconds)
    if now - silentSince > 20_000 {
      reconnect(worker)
    } else {
      perform(workers[worker]?.beat(at: now) ?? [], by: worker)
    }
  }

  /// Takes a computation one checkpoint interval further; the checkpoint is stored if the worker
  /// has a connection that carries it.
  mutating func compute(_ worker: Int, trial: TrialID, run: Int, milliseconds: Int) {
    guard let work = workers[worker]?.work(of: trial, run: run),
      let instructionSet = workers[worker]?.instructionSet
    else { return }
    let step = min(work.step + SimulatedSweep.interval, SimulatedSweep.steps)
    outcome.computedSteps[trial, default: 0] += step - work.step
    guard step < SimulatedSweep.steps else {
      return endComputation(worker, trial: trial, run: run, work.configuration)
    }
    var checkpoint: TrialCheckpoint?
    if isConnected(worker), (workers[worker]?.silencedUntil ?? 0) <= now {
      let digest = Digest.of("\(trial) \(step) \(instructionSet)")
      recordedDigests.remove(digest)
      blobs[digest] = SimulatedBlob(trial: trial, step: step)
      checkpoint = TrialCheckpoint(
        step: step, digest: digest, byteCount: 1, instructionSet: instructionSet)
    }
    let deeds =
      workers[worker]?.advance(
        trial, run: run, to: step,
        stepsPerSecond: Double(SimulatedSweep.interval) * 1000 / Double(milliseconds),
        storing: checkpoint, at: now) ?? []
    perform(deeds, by: worker)
    timeline.plan(
      .computed(worker: worker, trial: trial, run: run, milliseconds: milliseconds),
      at: now + milliseconds)
  }

  private mutating func endComputation(
    _ worker: Int, trial: TrialID, run: Int, _ configuration: TrialConfiguration
  ) {
    let end: SimulatedWorker.Outcome
    if sweep.poison.contains(trial) || (!isHealed && random.happens(options.failurePerAttempt)) {
      let causes: [FailureCause] = [.exitCode, .signal, .outOfMemory, .notANumber, .timeout]
      let cause = causes.randomElement(using: &random) ?? .exitCode
      end = .failed(TrialFailure(cause: cause, message: "simulated death"))
    } else if !isHealed, random.happens(options.diskFullPerAttempt) {
      end = .failed(TrialFailure(cause: .diskFull, message: "simulated full disk"))
    } else {
      end = .finished(SimulatedSweep.result(of: configuration))
    }
    perform(workers[worker]?.end(trial, run: run, end, at: now) ?? [], by: worker)
  }

  func isConnected(_ worker: Int) -> Bool {
    guard let connection = workers[worker]?.connection else { return false }
    return connections[connection] != nil
  }

  mutating func perform(_ deeds: [SimulatedWorker.Deed], by worker: Int) {
    for deed in deeds {
      switch deed {
      case .say(let event):
        guard isConnected(worker), (workers[worker]?.silencedUntil ?? 0) <= now else { continue }
        transmit(.toCoordinator(event))
      case .compute(let trial, let run):
        let whole = random.draw(options.trialMilliseconds) / (workers[worker]?.speed ?? 1)
        let milliseconds = max(whole * SimulatedSweep.interval / SimulatedSweep.steps, 1)
        timeline.plan(
          .computed(worker: worker, trial: trial, run: run, milliseconds: milliseconds),
          at: now + milliseconds)
      case .forgetResult(let trial, let result):
        checker.noteForgotten(trial, result)
      case .exit:
        end(worker)
        timeline.plan(.workerStarts(spool: []), at: now + random.draw(1_000...30_000))
      }
    }
  }

  /// Ends a worker's process.
  mutating func end(_ worker: Int) {
    if let connection = workers[worker]?.connection { connections[connection] = nil }
    workers[worker] = nil
  }
}
