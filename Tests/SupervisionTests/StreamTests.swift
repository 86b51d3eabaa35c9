import Digests
import TestSupport
import Testing
import Trials

@testable import Supervision

/// Reports and pieces that a worker sends while its trials train.
@Suite("Reports and pieces while trials train")
struct StreamTests {
  private let trial = TrialID(rawValue: 7)
  private let work = WorkID(sweep: "s", trial: TrialID(rawValue: 7), launch: 1)
  private let report = Samples.result.milestones[0]
  private let rows = [UInt8](repeating: UInt8(ascii: "x"), count: 20 << 10)

  private func assignment(attempt: Int = 1, voidThrough: Int = 0) -> Assignment {
    Assignment(
      sweep: "s", trial: trial, attempt: attempt, configuration: Samples.configuration,
      images: Digest.of("images"), imagesByteCount: 6, voidThrough: voidThrough)
  }

  /// A core that trains ``work`` from a trajectory's start.
  private func training(from start: TrajectoryStart = .beginning) -> WorkerCore {
    var core = WorkerCore(
      slots: 1, exitsWhenIdle: false, patience: .seconds(3600), held: [], at: .zero)
    _ = core.handle(
      .welcomed(sweep: "s", heartbeatInterval: .seconds(5), lostAfter: .seconds(600)), at: .zero)
    _ = core.handle(.assigned(assignment()), at: .zero)
    _ = core.handle(.imagesReady(work), at: .zero)
    _ = core.handle(.checkpointReady(work, nil, refusals: []), at: .zero)
    _ = core.handle(.trialBegan(work, TrialBeginning(step: 0, trajectory: start)), at: .zero)
    return core
  }

  private func piece(_ start: TrajectoryStart, _ range: Range<Int>) -> TrajectoryPiece {
    TrajectoryPiece(after: start, payload: Array(rows[range]))
  }

  private func checkpoint(_ step: Int, after byteCount: Int) -> TrialCheckpoint {
    TrialCheckpoint(
      step: step, digest: Digest.of("\(step)"), byteCount: 5, instructionSet: "avx2",
      stateDigest: Digest.of("state \(step)"),
      trajectory: TrajectoryStart.beginning.advanced(by: Array(rows.prefix(byteCount))).prefix)
  }

  @Test("a milestone is reported at once, and again every 10 s until it is taken")
  func reports() {
    var core = training()
    let send = WorkerEffect.sendReport(trial: trial, attempt: 1, index: 0, report)
    #expect(core.handle(.reportReached(work, index: 0, report), at: .seconds(1)) == [send])
    #expect(!core.handle(.clockTicked, at: .seconds(10)).contains(send))
    #expect(core.handle(.clockTicked, at: .seconds(11)).contains(send))
    _ = core.handle(.reportTaken(trial: trial, attempt: 1, index: 0), at: .seconds(12))
    #expect(!core.handle(.clockTicked, at: .seconds(30)).contains(send))
  }

  @Test("milestones reached without a coordinator are reported to the next one")
  func reportsWait() {
    var core = training()
    _ = core.handle(.clockTicked, at: .seconds(601))
    #expect(!core.isJoined)
    #expect(core.handle(.reportReached(work, index: 0, report), at: .seconds(602)).isEmpty)
    let effects = core.handle(
      .welcomed(sweep: "s", heartbeatInterval: .seconds(5), lostAfter: .seconds(60)),
      at: .seconds(603))
    #expect(effects.contains(.sendReport(trial: trial, attempt: 1, index: 0, report)))
  }

  @Test("pieces follow one another, each after the one before is taken")
  func pieces() {
    var core = training()
    #expect(
      core.handle(.trajectoryWritten(work, byteCount: 17 << 10), at: .seconds(1))
        == [.readPiece(work, after: .beginning, fileBegins: 0, byteCount: 17 << 10)])
    let first = piece(.beginning, 0..<17 << 10)
    let send = WorkerEffect.sendPiece(trial: trial, attempt: 1, first)
    #expect(core.handle(.pieceRead(work, first), at: .seconds(1)) == [send])
    // More rows wait for the answer; without one, the piece is read and sent again, with them.
    #expect(core.handle(.trajectoryWritten(work, byteCount: 20 << 10), at: .seconds(2)).isEmpty)
    #expect(
      core.handle(.clockTicked, at: .seconds(11)).contains(
        .readPiece(work, after: .beginning, fileBegins: 0, byteCount: 20 << 10)))
    #expect(core.handle(.pieceRead(work, first), at: .seconds(11)) == [send])
    // An answer to an earlier attempt's piece changes nothing.
    #expect(
      core.handle(
        .pieceTaken(trial: trial, attempt: 9, byteCount: 17 << 10), at: .seconds(12)
      ).isEmpty)
    _ = core.handle(
      .pieceTaken(trial: trial, attempt: 1, byteCount: 17 << 10), at: .seconds(12))
    // A small rest waits for more rows, but not forever.
    #expect(core.nextDeadline <= .seconds(22))
    #expect(
      core.handle(.clockTicked, at: .seconds(22)).contains(
        .readPiece(work, after: first.end, fileBegins: 0, byteCount: 3 << 10)))
  }

  @Test("a stored checkpoint is claimed once the trajectory up to it is taken")
  func claims() {
    var core = training()
    let saved = checkpoint(5, after: 100)
    _ = core.handle(.trajectoryWritten(work, byteCount: 100), at: .seconds(1))
    _ = core.handle(
      .checkpointWritten(work, WrittenCheckpoint(file: "c", checkpoint: saved)), at: .seconds(1))
    _ = core.handle(.checkpointStored(work, saved, took: .seconds(1)), at: .seconds(2))
    #expect(core.claims.map(\.checkpoint) == [nil])
    let first = piece(.beginning, 0..<100)
    #expect(
      core.handle(.pieceRead(work, first), at: .seconds(2))
        == [.sendPiece(trial: trial, attempt: 1, first)])
    let effects = core.handle(
      .pieceTaken(trial: trial, attempt: 1, byteCount: 100), at: .seconds(3))
    #expect(core.claims.map(\.checkpoint) == [saved])
    #expect(effects.contains(.beat(core.claims)))
  }

  @Test("a finished trial is reported when the coordinator has its files, reports and rows")
  func finished() {
    var core = training()
    let whole = TrajectoryStart.beginning.advanced(by: Array(rows.prefix(100)))
    var result = Samples.spooled
    result.artifacts.append(
      Artifact(kind: .trajectory, digest: whole.prefix.digest, byteCount: 100))
    _ = core.handle(.reportReached(work, index: 0, report), at: .seconds(1))
    let effects = core.handle(.trialFinished(work, result), at: .seconds(2))
    #expect(effects.contains(.upload(work, result)))
    let send = WorkerEffect.sendResult(trial: trial, attempt: 1, result)
    let read = WorkerEffect.readPiece(work, after: .beginning, fileBegins: 0, byteCount: 100)
    #expect(core.handle(.artifactsUploaded(work), at: .seconds(3)) == [read])
    _ = core.handle(.pieceRead(work, piece(.beginning, 0..<100)), at: .seconds(3))
    #expect(
      core.handle(.pieceTaken(trial: trial, attempt: 1, byteCount: 100), at: .seconds(4)).isEmpty)
    #expect(
      core.handle(.reportTaken(trial: trial, attempt: 1, index: 0), at: .seconds(5)) == [send])
  }

  @Test("the state at a trial's end goes with its result where it is wanted")
  func lastCheckpoint() throws {
    for isWanted in [true, false] {
      var core = training()
      var wanted = assignment()
      wanted.wantsLastCheckpoint = isWanted
      core.works[work]?.assignment = wanted
      let last = WrittenCheckpoint(file: "c", checkpoint: checkpoint(20, after: 100))
      var result = Samples.spooled
      result.artifacts.append(
        Artifact(
          kind: .trajectory, digest: last.checkpoint.trajectory.digest, byteCount: 100))
      _ = core.handle(.trajectoryWritten(work, byteCount: 100), at: .seconds(1))
      _ = core.handle(.checkpointWritten(work, last), at: .seconds(1))
      let effects = core.handle(.trialFinished(work, result), at: .seconds(2))
      result.lastCheckpoint = isWanted ? last : nil
      #expect(effects.contains(.upload(work, result)))
    }
  }

  @Test("an unknown prefix restarts the pieces; an unknown base ends the trial")
  func unknown() {
    let base = TrajectoryStart.beginning.advanced(by: [1, 2, 3])
    var core = training(from: base)
    let first = TrajectoryPiece(after: base, payload: Array(rows.prefix(17 << 10)))
    _ = core.handle(
      .trajectoryWritten(work, byteCount: first.end.prefix.byteCount), at: .seconds(1))
    _ = core.handle(.pieceRead(work, first), at: .seconds(1))
    _ = core.handle(
      .pieceTaken(trial: trial, attempt: 1, byteCount: first.end.prefix.byteCount),
      at: .seconds(2))
    _ = core.handle(
      .trajectoryWritten(work, byteCount: 3 + rows.count), at: .seconds(3))
    _ = core.handle(.clockTicked, at: .seconds(12))
    let second = TrajectoryPiece(after: first.end, payload: Array(rows.dropFirst(17 << 10)))
    _ = core.handle(.pieceRead(work, second), at: .seconds(12))
    let unknown = WorkerEvent.trajectoryUnknown(
      trial: trial, attempt: 1, byteCount: second.start.byteCount)
    #expect(
      core.handle(unknown, at: .seconds(13))
        == [.readPiece(work, after: base, fileBegins: 3, byteCount: rows.count)])
    // A repeated answer does not count for the next piece.
    #expect(core.handle(unknown, at: .seconds(13)).isEmpty)
    _ = core.handle(
      .pieceRead(work, TrajectoryPiece(after: base, payload: rows)), at: .seconds(13))
    #expect(core.handle(unknown, at: .seconds(13)).isEmpty)
    let effects = core.handle(
      .trajectoryUnknown(trial: trial, attempt: 1, byteCount: 3), at: .seconds(14))
    #expect(effects.contains(.killTrial(work)))
  }

  @Test("an assignment after a discard drops a held result, and the trial starts from step 0")
  func void() {
    var core = training()
    _ = core.handle(.trialFinished(work, Samples.spooled), at: .seconds(1))
    _ = core.handle(.artifactsUploaded(work), at: .seconds(2))
    let again = assignment(attempt: 2, voidThrough: 1)
    let next = WorkID(sweep: "s", trial: trial, launch: 2)
    let effects = core.handle(.assigned(again), at: .seconds(3))
    #expect(effects.contains(.discard(work)))
    #expect(effects.last == .fetchImages(next, again))
    #expect(core.claims.map(\.attempt) == [2])
  }

  @Test("a trial is handed back with its checkpoint once the rows before it are taken")
  func handedBack() throws {
    var core = training()
    let saved = checkpoint(5, after: 100)
    _ = core.handle(.trajectoryWritten(work, byteCount: 100), at: .seconds(1))
    _ = core.handle(.stopRequested(reason: "bye"), at: .seconds(2))
    _ = core.handle(
      .checkpointWritten(work, WrittenCheckpoint(file: "c", checkpoint: saved)), at: .seconds(2))
    _ = core.handle(
      .trialFailed(work, TrialFailure(cause: .stopped, message: "stopped")), at: .seconds(3))
    let stored = core.handle(
      .handedBack(work, HandBack(checkpoint: saved)), at: .seconds(4))
    #expect(!stored.contains { if case .sendFailure = $0 { true } else { false } })
    _ = core.handle(.pieceRead(work, piece(.beginning, 0..<100)), at: .seconds(4))
    let effects = core.handle(
      .pieceTaken(trial: trial, attempt: 1, byteCount: 100), at: .seconds(5))
    let left = effects.compactMap { effect -> HandBack? in
      if case .sendFailure(_, _, _, let left) = effect { left } else { nil }
    }
    #expect(left == [HandBack(checkpoint: saved)])
  }
}
