import Coordination

/// What goes wrong, and the healing.
extension Simulation {
  enum Fault {
    case partition
    case brokenConnection
    case workerCrash
    case pause
    case departure
    case arrival
    case coordinatorStall
    case stop
  }

  /// Spreads the drawn faults over the fault time.
  mutating func planFaults() {
    let rates: [(Fault, Double)] = [
      (.partition, options.partitionsPerMinute),
      (.brokenConnection, options.brokenConnectionsPerMinute),
      (.workerCrash, options.workerCrashesPerMinute), (.pause, options.pausesPerMinute),
      (.departure, options.departuresPerMinute), (.arrival, options.arrivalsPerMinute),
      (.coordinatorStall, options.coordinatorStallsPerMinute), (.stop, options.stopsPerMinute),
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
    case .partition, .brokenConnection, .workerCrash, .pause, .departure: break
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
      end(worker)
      timeline.plan(.workerStarts(spool: spool), at: now + random.draw(500...40_000))
    case .pause: workers[worker]?.pausedUntil = now + random.draw(1_000...120_000)
    case .departure:
      guard let connection = workers[worker]?.connection else { return }
      perform([.say(.workerLeft(reason: "simulated", on: connection))], by: worker)
      end(worker)
    case .arrival, .coordinatorStall, .stop: preconditionFailure("handled above")
    }
  }

  /// Ends every fault; what they broke stays broken until the protocol mends it.
  mutating func heal() {
    isHealed = true
    stalledUntil = min(stalledUntil, now)
    for worker in workers.indices {
      workers[worker]?.pausedUntil = 0
      workers[worker]?.silencedUntil = 0
      workers[worker]?.deafenedUntil = 0
    }
    if !workers.contains(where: { $0 != nil }) { startWorker(spool: []) }
  }
}
