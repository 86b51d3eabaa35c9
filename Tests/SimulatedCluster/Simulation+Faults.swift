import Coordination
import Randomness
import Rehearsal
import Supervision
import Trials

/// Injects faults, and ends them.
extension Simulation {
  enum Fault {
    case partition
    case brokenConnection
    case workerCrash
    case pause
    case departure
    case fullDisk
    case arrival
    case coordinatorStall
    case stop
    case clockJump
    case wish
  }

  /// Spreads the drawn faults over the fault time.
  mutating func planFaults() {
    let rates: [(Fault, Double)] = [
      (.partition, options.partitionsPerMinute),
      (.brokenConnection, options.brokenConnectionsPerMinute),
      (.workerCrash, options.workerCrashesPerMinute), (.pause, options.pausesPerMinute),
      (.departure, options.departuresPerMinute), (.fullDisk, options.fullDisksPerMinute),
      (.arrival, options.arrivalsPerMinute),
      (.coordinatorStall, options.coordinatorStallsPerMinute), (.stop, options.stopsPerMinute),
      (.clockJump, options.clockJumpsPerMinute), (.wish, options.wishesPerMinute),
    ]
    for (fault, rate) in rates where rate > 0 {
      var time = 0.0
      while true {
        time += Double.random(in: 0..<2, using: &random) * 60_000 / rate
        guard time < Double(options.faultMilliseconds) else { break }
        timeline.plan(.fault(fault), at: Int(time))
      }
    }
  }

  mutating func cause(_ fault: Fault) {
    switch fault {
    case .arrival:
      if stations.count(where: { $0 != nil }) < 8 { startWorker(Spool()) }
      return
    case .coordinatorStall:
      stalledUntil = now + random.draw(5_000...120_000)
      return
    case .stop:
      deliver(.stopRequested(reason: "simulated"))
      return
    case .clockJump:
      clockOffset += random.draw(-600_000...3_600_000)
      return
    case .wish: return wish()
    case .partition, .brokenConnection, .workerCrash, .pause, .departure, .fullDisk: break
    }
    let living = stations.indices.filter { stations[$0] != nil }
    guard let worker = living.randomElement(using: &random) else { return }
    switch fault {
    case .partition:
      let until = now + random.draw(1_000...90_000)
      let isOneWay = options.partitionsAreAsymmetric
      let cutsSpeech = !isOneWay || random.happens(0.5)
      if cutsSpeech { stations[worker]?.outgoingBlockedUntil = until }
      if !isOneWay || !cutsSpeech { stations[worker]?.incomingBlockedUntil = until }
    case .brokenConnection:
      guard let connection = stations[worker]?.connection else { return }
      connections[connection] = nil
      timeline.plan(.reconnect(worker, connection), at: now + random.draw(100...8_000))
    case .workerCrash: crash(worker)
    case .pause:
      let until = now + random.draw(1_000...120_000)
      stations[worker]?.pausedUntil = until
      timeline.plan(.resumes(worker), at: until)
    case .departure: depart(worker)
    case .fullDisk:
      stations[worker]?.fullUntil = now + random.draw(2_000...90_000)
      guard let station = stations[worker] else { return }
      perform(workers[worker]?.heartbeat(from: station, at: now) ?? [], by: worker)
    case .arrival, .coordinatorStall, .stop, .clockJump, .wish:
      preconditionFailure("handled above")
    }
  }

  private mutating func crash(_ worker: Int) {
    var spool = Spool()
    if options.spoolSurvivesCrash {
      spool = workers[worker]?.spool ?? benches[worker]?.spool(keepsCheckpoints: true) ?? spool
      spool.host = stations[worker]?.host
    }
    if stations[worker]?.lies == true { spool = Spool() }
    if (stations[worker]?.pausedUntil ?? 0) <= now {
      outcome.lostSteps +=
        workers[worker]?.stepsInHand(at: now) ?? benches[worker]?.stepsInHand(at: now) ?? 0
    }
    outcome.killCount +=
      workers[worker]?.works.count { $0.outcome == nil } ?? benches[worker]?.processCount ?? 0
    end(worker)
    timeline.plan(.workerStarts(spool), at: now + random.draw(500...40_000))
  }

  /// Asks a worker to exit: the simulated one leaves at once, the real one as it decides.
  private mutating func depart(_ worker: Int) {
    guard let connection = stations[worker]?.connection else { return }
    if benches[worker] != nil {
      let event =
        random.happens(0.25)
        ? WorkerEvent.supervisorEnded : .stopRequested(reason: "simulated")
      timeline.plan(.fact(worker, event), at: now)
      if random.happens(0.25) {
        timeline.plan(
          .fact(worker, .stopRequested(reason: "again")), at: now + random.draw(1...10_000))
      }
    } else {
      perform([.say(.workerLeft(reason: "simulated", on: connection))], by: worker)
      end(worker)
    }
  }

  /// A random request of a person.
  private mutating func wish() {
    guard let trial = sweep.plan.randomElement(using: &random)?.id else { return }
    let host = "h\(random.draw(0...options.hostCount - 1))"
    switch random.draw(0...6) {
    case 0: deliver(.cancelRequested(trials: [trial], reason: "simulated"))
    case 1: deliver(.retryRequested(trials: [trial]))
    case 2: deliver(.retryRequested(trials: sweep.plan.map(\.id)))
    case 3: deliver(.drainRequested(host: host, reason: "simulated"))
    case 4: deliver(.undrainRequested(host: host))
    case 5:
      let complete = checker.results.keys.sorted().randomElement(using: &random)
      deliver(.discardRequested(trials: [complete ?? trial], reason: "simulated"))
    default: attend()
    }
  }

  /// A person resumes paused stages and undrains hosts.
  mutating func attend() {
    for stage in (coordinator?.pausedStages ?? [:]).keys.sorted() {
      deliver(.resumeRequested(stage: stage))
    }
    for host in (coordinator?.drainedHosts ?? [:]).keys.sorted() {
      deliver(.undrainRequested(host: host))
    }
    if isHealed { timeline.plan(.attend, at: now + 20_000) }
  }

  /// Ends all faults; their consequences remain until the protocol repairs them.
  mutating func heal() {
    isHealed = true
    stalledUntil = min(stalledUntil, now)
    for worker in stations.indices {
      stations[worker]?.pausedUntil = 0
      stations[worker]?.outgoingBlockedUntil = 0
      stations[worker]?.incomingBlockedUntil = 0
      stations[worker]?.fullUntil = 0
      resume(worker)
    }
    if !stations.contains(where: { $0 != nil }) { startWorker(Spool()) }
    attend()
  }
}
