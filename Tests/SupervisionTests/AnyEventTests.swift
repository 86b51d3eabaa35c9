import Digests
import Randomness
import TestSupport
import Testing
import Trials

@testable import Supervision

/// Events in any order, valid or not.
@Suite("Every event is legal in every state")
struct AnyEventTests {
  @Test(
    "under any events, slots and cores are respected, claims are distinct, and the clock is not due at once"
  )
  func anything() {
    for seed in 0..<300 as Range<UInt64> {
      var random = SplitMix64(seed: seed)
      let slots = random.draw(1...3)
      let cores = seed.isMultiple(of: 2) ? 2 * slots : 0
      var core = WorkerCore(
        slots: slots, cores: cores > 0 ? .divisible(count: cores, limit: 4) : .fixed(threads: 1),
        exitsWhenIdle: random.happens(0.5), patience: .seconds(100), held: [],
        at: .zero)
      var now = Duration.zero
      for _ in 0..<400 {
        now += .milliseconds(random.draw(0...3_000))
        var effects = core.handle(event(&random), at: now)
        effects += core.handle(.clockTicked, at: now)
        if effects.contains(where: { if case .exit = $0 { true } else { false } }) { break }
        #expect(core.nextDeadline > now, "seed \(seed)")
        #expect(core.works.values.count { $0.phase.occupiesSlot } <= slots, "seed \(seed)")
        let threads = core.works.values.reduce(0) { $0 + $1.coreCount }
        #expect(cores == 0 || threads <= cores, "seed \(seed)")
        #expect(core.works.values.allSatisfy { $0.threads <= 4 }, "seed \(seed)")
        #expect(Set(core.claims.map(\.trial)).count == core.claims.count, "seed \(seed)")
      }
    }
  }

  private func event(_ random: inout SplitMix64) -> WorkerEvent {
    let trial = TrialID(rawValue: UInt64(random.draw(1...4)))
    let sweep = random.happens(0.9) ? "s" : "other"
    let id = WorkID(sweep: sweep, trial: trial, launch: random.draw(1...8))
    let attempt = random.draw(1...4)
    let piece = TrajectoryPiece(
      after: .beginning, payload: Array(repeating: 1, count: random.draw(1...20)))
    let checkpoint = TrialCheckpoint(
      step: random.draw(0...20), digest: Digest.of("\(attempt)"), byteCount: 1,
      instructionSet: "avx2", stateDigest: Digest.of("state"),
      trajectory: piece.end.prefix)
    let failure = TrialFailure(
      cause: FailureCause.allCases.randomElement(using: &random) ?? .lost, message: "drawn")
    switch random.draw(0...38) {
    case 0: return .connected
    case 1, 2:
      return .welcomed(
        sweep: sweep, heartbeatInterval: .seconds(5), lostAfter: .seconds(random.draw(1...60)))
    case 3: return .coordinatorBeat
    case 4: return .announcementRequested
    case 5...8:
      return .assigned(
        Assignment(
          sweep: sweep, trial: trial, attempt: attempt, configuration: Samples.configuration,
          images: Digest.of("images"), imagesByteCount: 1, stallTimeout: .seconds(20),
          voidThrough: random.happens(0.1) ? attempt - 1 : 0,
          wantsLastCheckpoint: random.happens(0.5),
          threads: random.happens(0.5) ? random.draw(1...9) : nil))
    case 9: return .acknowledged(trial: trial, attempt: attempt)
    case 10: return .abandoned(trial: trial, attempt: attempt, reason: "drawn")
    case 11:
      return .artifactsWanted(trial: trial, digests: random.happens(0.5) ? [] : [Self.trajectory])
    case 12: return .imagesReady(id)
    case 13, 14: return .checkpointReady(id, nil, refusals: ["drawn"])
    case 15: return .preparationFailed(id, failure)
    case 16:
      return .trialBegan(
        id,
        TrialBeginning(
          step: 3, refusals: ["drawn"], trajectory: random.happens(0.5) ? .beginning : piece.end))
    case 17:
      return .trialProgressed(
        id,
        TrialProgress(
          step: random.draw(0...20), totalSteps: 20, mse: 1, gatesOpen: 1, multiplier: 1,
          stepsPerSecond: 1))
    case 18: return .checkpointWritten(id, WrittenCheckpoint(file: "c", checkpoint: checkpoint))
    case 19: return .checkpointStored(id, checkpoint, took: .seconds(random.draw(0...100)))
    case 20: return .checkpointNotStored(id, reason: "drawn")
    case 21: return .trialFinished(id, Samples.spooled)
    case 22: return .trialFailed(id, failure)
    case 23: return .handedBack(id, HandBack(checkpoint: checkpoint))
    case 24: return .artifactsUploaded(id)
    case 25: return .uploadFailed(id, reason: "drawn")
    case 26: return .diskMeasured(freeByteCount: random.happens(0.3) ? 0 : 1 << 40)
    case 27: return .reportReached(id, index: random.draw(0...2), Samples.result.milestones[0])
    case 28: return .trajectoryWritten(id, byteCount: random.draw(0...40))
    case 29: return .pieceRead(id, piece)
    case 30: return .pieceNotRead(id, reason: "drawn")
    case 31: return .reportTaken(trial: trial, attempt: attempt, index: random.draw(0...2))
    case 32:
      return .pieceTaken(trial: trial, attempt: attempt, byteCount: piece.end.prefix.byteCount)
    case 33:
      return .trajectoryUnknown(
        trial: trial, attempt: attempt, byteCount: random.happens(0.5) ? 0 : 20)
    case 34: return .folderLost(id)
    case 35: return .cacheChecked(trouble: random.happens(0.5) ? "drawn" : nil)
    default:
      switch random.draw(0...13) {
      case 0: return .drainRequested(reason: "drawn")
      case 1: return .stopRequested(reason: "drawn")
      case 2: return .supervisorEnded
      case 3: return .sweepEnded(reason: "drawn")
      case 4...7:
        return .threadsAssigned(trial: trial, attempt: attempt, threads: random.draw(1...4096))
      default: return .clockTicked
      }
    }
  }

  private static let trajectory =
    Samples.result.artifacts.first { $0.kind == .trajectory }?.digest ?? Digest.of("none")
}
