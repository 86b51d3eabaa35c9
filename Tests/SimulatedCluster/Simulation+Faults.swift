import Coordination
import Randomness
import Rehearsal
import Trials

/// What goes wrong, and the healing.
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
      if workers.count(where: { $0 != nil }) < 8 { startWorker(spool: []) }
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
    let living = workers.indices.filter { workers[$0] != nil }
    guard let worker = living.randomElement(using: &random) else { return }
    switch fault {
    case .partition:
      let until = now + random.draw(1_000...90_000)
      let isOneWay = options.partitionsAreAsymmetric
      let cutsSpeech = !isOneWay || random.happens(0.5)
      if cutsSpeech { workers[worker]?.silencedUntil = until }
      if !isOneWay || !cutsSpeech { workers[worker]?.deafenedUntil = until }
    case .brokenConnection:
      guard let connection = workers[worker]?.connection else { return }
      connections[connection] = nil
      timeline.plan(.reconnect(worker, connection), at: now + random.draw(100...8_000))
    case .workerCrash:
      let spool = options.spoolSurvivesCrash ? workers[worker]?.finishedWorks ?? [] : []
      outcome.lostSteps += workers[worker]?.stepsInHand(at: now) ?? 0
      outcome.killCount += workers[worker]?.works.count { $0.outcome == nil } ?? 0
      end(worker)
      timeline.plan(.workerStarts(spool: spool), at: now + random.draw(500...40_000))
    case .pause: workers[worker]?.pausedUntil = now + random.draw(1_000...120_000)
    case .departure:
      guard let connection = workers[worker]?.connection else { return }
      perform([.say(.workerLeft(reason: "simulated", on: connection))], by: worker)
      end(worker)
    case .fullDisk:
      workers[worker]?.fullUntil = now + random.draw(2_000...90_000)
      perform(workers[worker]?.heartbeat(at: now) ?? [], by: worker)
    case .arrival, .coordinatorStall, .stop, .clockJump, .wish:
      preconditionFailure("handled above")
    }
  }

  /// What a person may ask for at any moment.
  private mutating func wish() {
    guard let trial = sweep.plan.randomElement(using: &random)?.id else { return }
    let host = "h\(random.draw(0...options.hostCount - 1))"
    switch random.draw(0...5) {
    case 0: deliver(.cancelRequested(trials: [trial], reason: "simulated"))
    case 1: deliver(.retryRequested(trials: [trial]))
    case 2: deliver(.retryRequested(trials: sweep.plan.map(\.id)))
    case 3: deliver(.drainRequested(host: host, reason: "simulated"))
    case 4: deliver(.undrainRequested(host: host))
    default: attend()
    }
  }

  /// A person lets paused stages and drained hosts go on.
  mutating func attend() {
    for stage in (coordinator?.pausedStages ?? [:]).keys.sorted() {
      deliver(.resumeRequested(stage: stage))
    }
    for host in (coordinator?.drainedHosts ?? [:]).keys.sorted() {
      deliver(.undrainRequested(host: host))
    }
    if isHealed { timeline.plan(.attend, at: now + 20_000) }
  }

  /// Ends every fault; what they broke stays broken until the protocol mends it.
  mutating func heal() {
    isHealed = true
    stalledUntil = min(stalledUntil, now)
    for worker in workers.indices {
      workers[worker]?.pausedUntil = 0
      workers[worker]?.silencedUntil = 0
      workers[worker]?.deafenedUntil = 0
      workers[worker]?.fullUntil = 0
    }
    if !workers.contains(where: { $0 != nil }) { startWorker(spool: []) }
    attend()
  }
}
