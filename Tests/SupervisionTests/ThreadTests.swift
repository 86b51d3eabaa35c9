import Digests
import TestSupport
import Testing
import Trials

@testable import Supervision

/// How a worker changes the threads of its trials.
@Suite("The worker's decisions about threads")
struct ThreadTests {
  private let work = WorkID(sweep: "s", trial: TrialID(rawValue: 7), launch: 1)
  private let other = WorkID(sweep: "s", trial: TrialID(rawValue: 8), launch: 2)
  private let stopped = TrialFailure(cause: .stopped, message: "stopped after 20 of 30 steps")

  private func assignment(_ id: WorkID, threads: Int? = nil) -> Assignment {
    Assignment(
      sweep: "s", trial: id.trial, attempt: 1, configuration: Samples.configuration,
      images: Digest.of("images"), imagesByteCount: 6, stallTimeout: .seconds(100),
      threads: threads)
  }

  private func joined(_ cores: WorkerCores) -> WorkerCore {
    var core = WorkerCore(
      slots: 8, cores: cores, exitsWhenIdle: false, patience: .seconds(3600), held: [], at: .zero)
    _ = core.handle(
      .welcomed(sweep: "s", heartbeatInterval: .seconds(5), lostAfter: .seconds(60)), at: .zero)
    return core
  }

  /// Assigns a trial and starts its process; returns the number of its threads.
  private func start(_ id: WorkID, _ core: inout WorkerCore, threads: Int? = nil) -> Int? {
    _ = core.handle(.assigned(assignment(id, threads: threads)), at: .zero)
    _ = core.handle(.imagesReady(id), at: .zero)
    let effects = core.handle(.checkpointReady(id, nil, refusals: []), at: .zero)
    for case .startTrial(id, _, _, let threads) in effects { return threads }
    return nil
  }

  private func progress(_ step: Int) -> TrialProgress {
    TrialProgress(
      step: step, totalSteps: 30, mse: 1, gatesOpen: 2, multiplier: 1, stepsPerSecond: 10)
  }

  private func order(_ threads: Int, for id: WorkID) -> WorkerEvent {
    .threadsAssigned(trial: id.trial, attempt: 1, threads: threads)
  }

  private func written(_ step: Int, _ trajectory: TrajectoryPrefix) -> WrittenCheckpoint {
    WrittenCheckpoint(
      file: "checkpoint-\(step)",
      checkpoint: TrialCheckpoint(
        step: step, digest: Digest.of("\(step)"), byteCount: 5, instructionSet: "avx2",
        stateDigest: Digest.of("state"), trajectory: trajectory))
  }

  @Test("a trial begins with the threads of its assignment, at most the free cores and the limit")
  func beginning() {
    var core = joined(.divisible(count: 12, limit: 8))
    #expect(start(work, &core, threads: 64) == 8)
    #expect(core.claims.map(\.threads) == [8])
    #expect(start(other, &core, threads: 8) == 4)
    let third = WorkID(sweep: "s", trial: TrialID(rawValue: 9), launch: 3)
    let effects = core.handle(.assigned(assignment(third, threads: 1)), at: .zero)
    guard case .sendFailure(_, 1, let failure, _) = effects.first else {
      Issue.record("expected a refusal, found \(effects)")
      return
    }
    #expect(!failure.cause.chargesTrial)
    var alone = joined(.divisible(count: 12, limit: 8))
    #expect(start(work, &alone) == 1)
  }

  @Test("a worker whose slots are alike gives every trial its threads, and heeds no order")
  func alike() {
    var core = joined(.fixed(threads: 2))
    #expect(start(work, &core, threads: 8) == 2)
    _ = core.handle(.trialProgressed(work, progress(1)), at: .zero)
    #expect(core.handle(order(4, for: work), at: .zero).isEmpty)
    #expect(core.claims.map(\.threads) == [2])
  }

  @Test("an order before the process starts costs nothing")
  func early() {
    var core = joined(.divisible(count: 4, limit: 8))
    _ = core.handle(.assigned(assignment(work, threads: 1)), at: .zero)
    #expect(core.handle(order(4, for: work), at: .zero).isEmpty)
    #expect(core.claims.map(\.threads) == [4])
    _ = core.handle(.imagesReady(work), at: .zero)
    #expect(
      core.handle(.checkpointReady(work, nil, refusals: []), at: .zero)
        == [.startTrial(work, assignment(work, threads: 1), from: nil, threads: 4)])
  }

  @Test(
    "a running trial writes a checkpoint and goes on from it: same attempt, reports and trajectory")
  func change() {
    var core = joined(.divisible(count: 4, limit: 8))
    _ = start(work, &core, threads: 1)
    _ = core.handle(.trialBegan(work, TrialBeginning(step: 0)), at: .zero)
    // Not before the process is known to heed the request.
    #expect(core.handle(order(2, for: work), at: .zero).isEmpty)
    #expect(
      core.handle(.trialProgressed(work, progress(3)), at: .seconds(1)) == [.drainTrial(work)])
    #expect(core.claims.map(\.threads) == [1])
    #expect(core.claims.map(\.progress?.step) == [3])
    let report = Samples.result.milestones[0]
    _ = core.handle(.reportReached(work, index: 0, report), at: .seconds(1))
    let piece = TrajectoryPiece(after: .beginning, payload: Array("step\n".utf8))
    let rows = piece.end.prefix
    _ = core.handle(.trajectoryWritten(work, byteCount: rows.byteCount), at: .seconds(1))
    _ = core.handle(.pieceRead(work, piece), at: .seconds(1))
    let checkpoint = written(20, rows)
    _ = core.handle(.checkpointWritten(work, checkpoint), at: .seconds(2))
    let start = FetchedCheckpoint(
      file: checkpoint.file, stored: nil, trajectory: .beginning, rows: "rows-before-20.csv")
    #expect(
      core.handle(.trialFailed(work, stopped), at: .seconds(2)).last
        == .restartTrial(work, assignment(work, threads: 1), from: start, threads: 2))
    #expect(core.claims.map(\.threads) == [2])
    #expect(core.claims.map(\.attempt) == [1])
    _ = core.handle(
      .pieceTaken(trial: work.trial, attempt: 1, byteCount: rows.byteCount), at: .seconds(3))
    #expect(core.handle(.trialBegan(work, TrialBeginning(step: 20)), at: .seconds(4)).isEmpty)
    // The report is still sent until it is taken, and the taken rows are not sent again.
    let later = core.handle(.clockTicked, at: .seconds(12))
    #expect(later.contains { if case .sendReport(_, 1, 0, report) = $0 { true } else { false } })
    #expect(!later.contains { if case .readPiece = $0 { true } else { false } })
    #expect(core.handle(.trialProgressed(work, progress(21)), at: .seconds(13)).isEmpty)
  }

  @Test("cores are given away only after the process that had them has ended")
  func shrinking() {
    var core = joined(.divisible(count: 4, limit: 8))
    #expect(start(work, &core, threads: 4) == 4)
    _ = core.handle(.trialProgressed(work, progress(3)), at: .zero)
    #expect(core.handle(order(2, for: work), at: .zero) == [.drainTrial(work)])
    let early = core.handle(.assigned(assignment(other, threads: 1)), at: .zero)
    #expect(early.contains { if case .sendFailure = $0 { true } else { false } })
    _ = core.handle(.checkpointWritten(work, written(4, .empty)), at: .zero)
    _ = core.handle(.trialFailed(work, stopped), at: .zero)
    #expect(start(other, &core, threads: 4) == 2)
  }

  @Test("a process that cannot go on from its own checkpoint is ended, and its trial handed back")
  func refusedCheckpoint() {
    var core = joined(.divisible(count: 4, limit: 8))
    _ = start(work, &core, threads: 1)
    _ = core.handle(.trialProgressed(work, progress(3)), at: .zero)
    _ = core.handle(order(2, for: work), at: .zero)
    _ = core.handle(.checkpointWritten(work, written(4, .empty)), at: .zero)
    _ = core.handle(.trialFailed(work, stopped), at: .zero)
    #expect(
      core.handle(.trialBegan(work, TrialBeginning(step: 0, refusals: ["torn"])), at: .zero)
        == [.killTrial(work)])
    let end = TrialFailure(cause: .signal, message: "killed")
    let effects = core.handle(.trialFailed(work, end), at: .zero)
    // Not with the checkpoint that cannot be used.
    #expect(effects.contains(.handBack(work, nil)))
    let parted = core.handle(.handedBack(work, HandBack()), at: .zero)
    let causes = parted.compactMap { effect -> FailureCause? in
      if case .sendFailure(_, _, let failure, _) = effect { failure.cause } else { nil }
    }
    #expect(causes == [.lost])
  }

  @Test("if the next process does not start, the checkpoint and the rows before it are handed back")
  func failedRestart() {
    var core = joined(.divisible(count: 4, limit: 8))
    _ = start(work, &core, threads: 1)
    _ = core.handle(.trialBegan(work, TrialBeginning(step: 0)), at: .zero)
    _ = core.handle(.trialProgressed(work, progress(3)), at: .zero)
    _ = core.handle(order(2, for: work), at: .zero)
    let piece = TrajectoryPiece(after: .beginning, payload: Array("step\n".utf8))
    let rows = piece.end.prefix
    _ = core.handle(.trajectoryWritten(work, byteCount: rows.byteCount), at: .zero)
    let checkpoint = written(4, rows)
    _ = core.handle(.checkpointWritten(work, checkpoint), at: .zero)
    let changed = core.handle(.trialFailed(work, stopped), at: .zero)
    #expect(changed.contains { if case .restartTrial = $0 { true } else { false } })
    let full = TrialFailure(cause: .diskFull, message: "not started again")
    #expect(
      core.handle(.trialFailed(work, full), at: .zero).contains(.handBack(work, checkpoint)))
    let left = HandBack(checkpoint: checkpoint.checkpoint)
    #expect(
      core.handle(.handedBack(work, left), at: .zero)
        == [
          .readPiece(work, after: .beginning, fileBegins: 0, byteCount: rows.byteCount)
        ])
    _ = core.handle(.pieceRead(work, piece), at: .zero)
    let parted = core.handle(
      .pieceTaken(trial: work.trial, attempt: 1, byteCount: rows.byteCount), at: .zero)
    #expect(parted.contains(.sendFailure(trial: work.trial, attempt: 1, full, left)))
    #expect(core.claims.isEmpty)
  }

  @Test("a worker that stops in the middle of a change hands the trial back")
  func stopping() {
    var core = joined(.divisible(count: 4, limit: 8))
    _ = start(work, &core, threads: 1)
    _ = core.handle(.trialProgressed(work, progress(3)), at: .zero)
    #expect(core.handle(order(2, for: work), at: .zero) == [.drainTrial(work)])
    _ = core.handle(.stopRequested(reason: "SIGTERM"), at: .zero)
    _ = core.handle(.checkpointWritten(work, written(4, .empty)), at: .zero)
    let effects = core.handle(.trialFailed(work, stopped), at: .zero)
    #expect(effects.contains(.handBack(work, written(4, .empty))))
    #expect(!effects.contains { if case .restartTrial = $0 { true } else { false } })
  }

  @Test("a trial that dies while its threads change has died; one that ends has its result")
  func otherEnds() {
    for isDead in [true, false] {
      var core = joined(.divisible(count: 4, limit: 8))
      _ = start(work, &core, threads: 1)
      _ = core.handle(.trialProgressed(work, progress(3)), at: .zero)
      _ = core.handle(order(2, for: work), at: .zero)
      let effects =
        isDead
        ? core.handle(
          .trialFailed(work, TrialFailure(cause: .outOfMemory, message: "killed")), at: .zero)
        : core.handle(.trialFinished(work, Samples.spooled), at: .zero)
      #expect(!effects.contains { if case .restartTrial = $0 { true } else { false } })
      #expect(
        effects.contains { if case .handBack = $0 { isDead } else { false } }
          || effects.contains { if case .upload = $0 { !isDead } else { false } })
    }
  }
}
