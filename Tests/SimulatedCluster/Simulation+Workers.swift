import Coordination
import Trials

/// The workers' shells: their clocks, their computations, their ends.
extension Simulation {
  private static let beatMilliseconds = 5_000

  mutating func startWorker(spool: [SimulatedWorker.Work]) {
    let number = workers.count
    var worker = SimulatedWorker(
      id: WorkerID("w\(number)"), slots: random.draw(1...options.slotsMaximum),
      options: options, connection: newConnection(of: number),
      now: now)
    worker.inherit(spool)
    checker.noteWorker(worker.id, slots: worker.slots)
    workers.append(worker)
    perform([worker.announcement], by: number)
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
      workers[worker]?.receive(directive, nextRun: runCount, at: now) ?? [], by: worker)
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

  mutating func endComputation(_ worker: Int, trial: TrialID, run: Int) {
    guard let configuration = workers[worker]?.configuration(of: trial, run: run) else { return }
    let end: SimulatedWorker.Outcome
    if sweep.poison.contains(trial) || (!isHealed && random.happens(options.failurePerAttempt)) {
      end = .failed(TrialFailure(cause: .exitCode, message: "simulated crash"))
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
        timeline.plan(
          .computed(worker: worker, trial: trial, run: run),
          at: now + random.draw(options.trialMilliseconds))
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
