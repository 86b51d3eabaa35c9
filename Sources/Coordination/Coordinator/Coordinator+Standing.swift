import Trials

/// Queries for display and reports.
extension Coordinator {
  /// How many trials have each status.
  package var counts: TrialCounts { ledger.counts }

  /// The recorded state of a trial; nil if it is not planned.
  package func standing(of trial: TrialID) -> TrialStanding? {
    graph.number(of: trial).map { ledger.standings[$0] }
  }

  /// The leased attempts, in the plan's order.
  package var runningTrials: [RunningTrial] {
    let leases = roster.numbers.flatMap { number in
      let worker = roster[number]
      return worker.leases.map { (worker: worker, lease: $0) }
    }
    return
      leases
      .sorted { ($0.lease.trial, $0.lease.attempt) < ($1.lease.trial, $1.lease.attempt) }
      .map { running($0.lease, on: $0.worker) }
  }

  /// The identity of a trial's resolved configuration, with its parents' numbers filled in.
  ///
  /// Nil before they have results, and for a trial that is not planned.
  package func runningIdentity(of trial: TrialID) -> TrialID? {
    guard let number = ledger.graph.number(of: trial) else { return nil }
    return ledger.graph.parents(of: number).isEmpty
      ? trial : try? ledger.configuration(of: number).id
  }

  /// A trial's resolved configuration; nil before its parents have results, and for a trial that is
  /// not planned.
  package func runningConfiguration(of trial: TrialID) -> TrialConfiguration? {
    guard let number = ledger.graph.number(of: trial) else { return nil }
    return try? ledger.configuration(of: number)
  }

  /// The reports of an unfinished trial, by milestone index.
  package func reports(of trial: TrialID) -> [Int: MilestoneReport] {
    guard let number = ledger.graph.number(of: trial) else { return [:] }
    return ledger.handedIn(by: number).latestReports
  }

  /// Whether pieces of a trial's trajectory are recorded.
  package func hasPieces(of trial: TrialID) -> Bool {
    guard let number = ledger.graph.number(of: trial) else { return false }
    return !ledger.handedIn(by: number).ends.isEmpty
  }

  /// How much of an unfinished trial's trajectory an attempt has handed in.
  package func handedIn(of trial: TrialID, by attempt: Int) -> TrajectoryVolume {
    guard let number = ledger.graph.number(of: trial) else { return TrajectoryVolume() }
    return ledger.handedIn(by: number).volumes[attempt] ?? TrajectoryVolume()
  }

  /// The worker of a connection; nil before it has announced itself.
  package func worker(on connection: ConnectionID) -> WorkerID? {
    roster.number(of: connection).map { roster[$0].id }
  }

  /// The connections of the workers that have one.
  package var connections: [ConnectionID] { roster.numbers.compactMap { roster[$0].connection } }

  /// What the worker of a connection announced about itself and its host; nil before that.
  package func maker(on connection: ConnectionID) -> ResultMaker? {
    roster.number(of: connection).map {
      let worker = roster[$0]
      return ResultMaker(
        host: worker.host, processor: worker.processor, instructionSet: worker.instructionSet,
        build: worker.productVersion)
    }
  }

  /// The known workers, in order of joining.
  package var workers: [WorkerStanding] {
    roster.numbers.map { roster[$0] }.sorted { $0.joinNumber < $1.joinNumber }.map { worker in
      WorkerStanding(
        worker: worker.id, host: shownName(of: worker.host), slots: worker.slots,
        leases: worker.leases.count,
        threads: worker.leases.compactMap(\.claimedThreads).reduce(0, +),
        isConnected: worker.connection != nil, isSuspect: worker.isSuspect,
        isDrained: worker.isDrained, obstacle: worker.obstacle, processor: worker.processor,
        instructionSet: worker.instructionSet, speed: worker.speed)
    }
  }

  /// How many connections have a quota account.
  package var accountedConnectionCount: Int { quotas.count }

  /// Why stages are paused, by name.
  package var pausedStages: [String: TrialFailure] {
    Dictionary(
      uniqueKeysWithValues: ledger.pausedStages.map { (graph.stageNames[$0.key], $0.value) })
  }

  /// Every trial's standing, in the plan's order, for reports.
  ///
  /// - Parameter result: The recorded result of a complete trial; the coordinator keeps none.
  package func recordedTrials(result: (TrialID) -> TrialResult?) -> [RecordedTrial] {
    zip(graph.trials, ledger.standings).map { planned, standing in
      let isComplete = standing.status == .complete
      return RecordedTrial(
        planned: planned, status: standing.status, attempts: standing.attempts,
        result: isComplete ? result(planned.id) : nil, failure: standing.failure,
        worker: isComplete || standing.status == .running ? standing.worker?.rawValue : nil)
    }
  }
}
