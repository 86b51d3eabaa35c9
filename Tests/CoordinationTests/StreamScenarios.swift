import Coordination
import Digests
import SimulatedCluster
import Testing
import Trials

/// Reports and trajectory pieces of running trials.
@Suite("Reports and trajectories of running trials")
struct StreamScenarios {
  private let a = SimulatedSweep.run(seed: 1, to: [300, 1000])

  private func report(_ index: Int) -> MilestoneReport {
    SimulatedSweep.report(at: index, of: a.configuration)
  }

  private func report(
    _ report: MilestoneReport, index: Int = 0, attempt: Int = 1, on worker: String,
    in script: inout Script
  ) -> [Effect] {
    script.handle(
      .reportReached(
        trial: a.id, attempt: attempt, index: index, report: report,
        on: Script.connection(worker)))
  }

  private func hand(
    _ piece: TrajectoryPiece, attempt: Int = 1, on worker: String, in script: inout Script
  ) -> [Effect] {
    script.handle(
      .trajectoryGrown(
        trial: a.id, attempt: attempt, start: piece.start, payload: piece.payload,
        end: piece.end.prefix.digest, on: Script.connection(worker)))
  }

  private func started(_ workers: [String] = ["w1"]) throws -> Script {
    var script = try Script([a])
    script.resume()
    for worker in workers { script.announce(worker, instructionSet: "avx2") }
    return script
  }

  @Test("a report is recorded once, before it is acknowledged, and acknowledged every time")
  func reportTaken() throws {
    var script = try started()
    let taken = Directive.reportTaken(trial: a.id, attempt: 1, index: 0)
    let record = JournalRecord.reportRecorded(
      trial: a.id, attempt: 1, worker: WorkerID("w1"), instructionSet: "avx2", index: 0,
      report: report(0))
    let first = report(report(0), on: "w1", in: &script)
    #expect(
      first.prefix(2) == [.append(record), .send(taken, to: Script.connection("w1"))])
    let again = report(report(0), on: "w1", in: &script)
    #expect(again.records == [] && again.sent(to: "w1") == [taken])
    #expect(try script.restarted().coordinator.reports(of: a.id) == [0: report(0)])
  }

  @Test("a report that the configuration does not expect ends the attempt, with the worker named")
  func unexpectedReport() throws {
    for (index, change): (Int, (inout MilestoneReport) -> Void) in [
      (0, { $0.tolerance = 4 }), (0, { $0.step = 301 }), (0, { $0.ending = .budget }),
      (1, { $0.ending = .goesOn }), (0, { $0.budget = .batches(301) }), (2, { _ in }),
    ] {
      var script = try started()
      var report = report(min(index, 1))
      change(&report)
      let effects = self.report(report, index: index, on: "w1", in: &script)
      #expect(
        effects.records.first.map { if case .attemptEnded = $0 { true } else { false } } == true)
      #expect(script.coordinator.reports(of: a.id) == [:])
    }
  }

  @Test("a worker that reports other numbers than before is refused and named")
  func contradictedReport() throws {
    var script = try started()
    _ = report(report(0), on: "w1", in: &script)
    var other = report(0)
    other.mse = other.mse.nextUp
    let effects = report(other, on: "w1", in: &script)
    guard case .attemptEnded(_, 1, let failure)? = effects.records.first else {
      Issue.record("expected the attempt's end, found \(effects)")
      return
    }
    #expect(failure.message.contains("worker w1 on host host-w1 contradicts itself"))
    #expect(script.coordinator.reports(of: a.id) == [0: report(0)])
  }

  @Test("a result that contradicts what its worker reported is refused and named")
  func contradictedResult() throws {
    var script = try started()
    var other = report(0)
    other.gatesOpen += 1
    _ = report(other, on: "w1", in: &script)
    let effects = script.finish(a, on: "w1")
    guard case .attemptEnded(_, 1, let failure)? = effects.records.first else {
      Issue.record("expected the attempt's end, found \(effects)")
      return
    }
    #expect(failure.message.contains("worker w1 on host host-w1 contradicts itself"))
    #expect(script.coordinator.counts.complete == 0)
    // Another worker's numbers do not bind this one.
    script.handle(.connectionLost(Script.connection("w1")))
    script.announce("w2", instructionSet: "avx512")
    script.pass(10)
    script.finish(a, attempt: 3, on: "w2")
    #expect(script.coordinator.counts.complete == 1)
  }

  @Test("another worker's report does not hide that a worker contradicts itself")
  func contradictionBesideAnother() throws {
    var script = try started(["w1", "w2"])
    _ = report(report(0), on: "w1", in: &script)
    var other = report(0)
    other.mse = other.mse.nextUp
    // A worker considered lost may deliver its reports.
    _ = report(other, on: "w2", in: &script)
    let effects = report(other, on: "w1", in: &script)
    guard case .attemptEnded(_, 1, let failure)? = effects.records.first else {
      Issue.record("expected the attempt's end, found \(effects)")
      return
    }
    #expect(failure.message.contains("worker w1 on host host-w1 contradicts itself"))
  }

  @Test(
    "a worker may report other numbers in another attempt, which may resume from another's state")
  func otherAttempt() throws {
    var script = try started()
    _ = report(report(0), on: "w1", in: &script)
    script.handle(
      .attemptFailed(
        trial: a.id, attempt: 1, failure: TrialFailure(cause: .stopped, message: "stopped"),
        checkpoint: nil, on: Script.connection("w1")))
    script.pass(10)
    var other = report(0)
    other.mse = other.mse.nextUp
    #expect(
      report(other, attempt: 2, on: "w1", in: &script).sent(to: "w1")
        == [.reportTaken(trial: a.id, attempt: 2, index: 0)])
  }

  @Test("people are told when two workers of one instruction set report different numbers")
  func differingReports() throws {
    for (set, isTold) in [("avx2", true), ("avx512", false)] {
      var script = try started()
      _ = report(report(0), on: "w1", in: &script)
      script.handle(.connectionLost(Script.connection("w1")))
      script.announce("w2", instructionSet: set)
      script.pass(4)
      var other = report(0)
      other.mse = other.mse.nextUp
      let effects = report(other, attempt: 2, on: "w2", in: &script)
      let told = Notice.reportDiffers(
        a.id, index: 0, WorkerID("w2"), other: WorkerID("w1"))
      #expect(effects.notices.contains(told) == isTold)
      // The later one counts.
      #expect(script.coordinator.reports(of: a.id) == [0: other])
    }
  }

  @Test("pieces are recorded in order, each before it is acknowledged; repetitions are recognised")
  func pieces() throws {
    var script = try started()
    let first = TrajectoryPiece(after: .beginning, payload: Array("step,mse\n".utf8))
    let second = TrajectoryPiece(after: first.end, payload: Array("1,2\n".utf8))
    // The missing prefix is requested.
    #expect(
      hand(second, on: "w1", in: &script).sent(to: "w1")
        == [
          .trajectoryUnknown(
            trial: a.id, attempt: 1, byteCount: first.end.prefix.byteCount)
        ])
    for piece in [first, second, first, second] {
      let effects = hand(piece, on: "w1", in: &script)
      #expect(
        effects.sent(to: "w1") == [
          .pieceTaken(trial: a.id, attempt: 1, byteCount: piece.end.prefix.byteCount)
        ])
    }
    let records = script.journal.filter {
      if case .trajectoryExtended = $0 { true } else { false }
    }
    #expect(records.count == 2)
    #expect(try script.restarted().coordinator.ledger == script.coordinator.ledger)
  }

  @Test("a piece whose bytes do not have the digest that it names ends the attempt")
  func damagedPiece() throws {
    var script = try started()
    var piece = TrajectoryPiece(after: .beginning, payload: [1, 2, 3])
    piece.payload[0] = 9
    let effects = hand(piece, on: "w1", in: &script)
    #expect(
      effects.records.first.map { if case .attemptEnded = $0 { true } else { false } } == true)
  }

  @Test("messages about an attempt that was never leased are ignored")
  func never() throws {
    var script = try started(["w1", "w2"])
    #expect(report(report(0), attempt: 2, on: "w1", in: &script) == [])
  }

  @Test("a worker considered lost delivers its rows, which its result needs")
  func lost() throws {
    var script = try started(["w1", "w2"])
    script.handle(.connectionLost(Script.connection("w1")))
    script.pass(4, beating: ["w2": []])
    #expect(script.coordinator.runningTrials.map(\.worker) == [WorkerID("w2")])
    script.announce("w1", on: "w1-again")
    let piece = TrajectoryPiece(after: .beginning, payload: [1])
    #expect(
      hand(piece, on: "w1-again", in: &script).sent(to: "w1-again")
        == [.pieceTaken(trial: a.id, attempt: 1, byteCount: 1)])
    #expect(
      report(report(0), on: "w1-again", in: &script).sent(to: "w1-again")
        == [.reportTaken(trial: a.id, attempt: 1, index: 0)])
  }

  @Test("a checkpoint counts only when the trajectory up to it is recorded")
  func checkpointNeedsTrajectory() throws {
    var script = try started()
    let piece = TrajectoryPiece(after: .beginning, payload: Array("step\n".utf8))
    var checkpoint = TrialCheckpoint.of(a, step: 100)
    checkpoint.trajectory = piece.end.prefix
    let early = script.beat("w1", claims: [a.claim(step: 110, checkpoint: checkpoint)])
    #expect(early.records == [])
    _ = hand(piece, on: "w1", in: &script)
    script.beat("w1", claims: [a.claim(step: 120, checkpoint: checkpoint)])
    script.handle(.connectionLost(Script.connection("w1")))
    script.announce("w2")
    let next = script.pass(4).assignments(to: "w2").first
    #expect(
      next?.checkpoints == [ResumePoint(checkpoint: checkpoint, trajectory: piece.end)])
  }
}
