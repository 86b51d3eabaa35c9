import Coordination
import Digests
import Foundation
import Testing
import Trials
import Wire

@testable import CoordinatorService

/// A result is recorded only if it fits its trial.
@Suite("Results that workers send")
struct SweepFactsTests {
  private let images = Digest.of("images")
  private let planned = PlannedTrial(
    stage: "main", replicate: 0,
    configuration: TrialConfiguration(
      dataset: .sprites28, model: ModelSettings(channels: [4, 4, 8], latents: .value(3)),
      tolerance: .value(20), milestones: [.batches(20)], seed: 1))

  private var facts: SweepFacts {
    SweepFacts(
      sweepID: "sweep",
      plan: SweepPlan(name: "s", question: "q", outputs: [], trials: [planned]), dataPort: 1,
      hasLocalWorkersOnly: false,
      images: [
        .sprites28: SweepFacts.PinnedImages(
          digest: images, byteCount: 6, url: URL(filePath: "/images"), trainingCount: 1,
          evaluationCount: 1)
      ])
  }

  private var result: TrialResult {
    TrialResult(
      milestones: [
        MilestoneReport(
          budget: .batches(20), tolerance: 20, step: 20, ending: .budget,
          stateDigest: Digest.of("state"), gatesOpen: 2, mse: 21.5, evaluationMSE: 22.25,
          firstHitStep: nil, multiplier: 0.5, openProbabilities: [0.9, 0.8, 0.1])
      ],
      artifacts: ArtifactKind.allCases.map {
        Artifact(kind: $0, digest: Digest.of($0.rawValue), byteCount: 5)
      },
      provenance: TrialProvenance(
        configuration: planned.configuration, images: images, host: "h", processor: "p",
        instructionSet: "avx2", versions: [:], started: "2026-01-01T00:00:00Z", seconds: 2,
        processorSeconds: 2, steps: 20, secondPassShare: 0, peakResidentBytes: 1))
  }

  private func finished(_ result: TrialResult) -> WorkerMessage.Finished {
    .init(
      attempt: AttemptKey(trial: planned.id, attempt: 1), result: ReceivedResult(result).bytes)
  }

  private func rejection(of message: WorkerMessage.Finished) -> ResultRejection? {
    do throws(ResultRejection) {
      _ = try facts.accept(message, for: planned.id, running: planned.configuration)
      return nil
    } catch {
      return error
    }
  }

  @Test("a complete result is accepted unchanged")
  func accepted() throws {
    #expect(try facts.accept(finished(result), for: planned.id, running: nil).result == result)
  }

  @Test("bytes that are not a result are refused with the place")
  func unreadable() {
    var message = finished(result)
    message.result = Array("{}".utf8)
    #expect(rejection(of: message)?.place == "result")
  }

  @Test("a result lacking an artifact, or with one twice, is refused")
  func artifacts() {
    var lacking = result
    lacking.artifacts.removeFirst()
    #expect(rejection(of: finished(lacking))?.place == "artifacts")
    var doubled = result
    doubled.artifacts.append(doubled.artifacts[0])
    #expect(rejection(of: finished(doubled))?.place == "result")
  }

  @Test("a result with other milestones or other images is refused")
  func mismatch() {
    var other = result
    other.milestones[0].budget = .batches(10)
    #expect(rejection(of: finished(other))?.place == "milestones")
    var elsewhere = result
    elsewhere.provenance.images = Digest.of("other images")
    #expect(rejection(of: finished(elsewhere))?.place == "images")
  }

  @Test("a result that its trial cannot have is refused with the place")
  func lies() {
    var lying = result
    lying.milestones[0].gatesOpen = 3
    #expect(rejection(of: finished(lying))?.place == "20 batches: gates_open")
    lying = result
    lying.milestones[0].mse = -1
    #expect(rejection(of: finished(lying))?.place == "20 batches: mse")
    lying = result
    lying.provenance.started = "yesterday\n=1+1"
    #expect(rejection(of: finished(lying))?.place == "started")
  }

  /// Why a report is rejected; nil if it is not.
  private func rejection(of report: MilestoneReport) -> String? {
    let attempt = AttemptKey(trial: planned.id, attempt: 1)
    let event = facts.event(
      of: .init(attempt: attempt, index: 0, report: report), running: planned.configuration,
      on: ConnectionID([1]))
    guard case .resultRejected(planned.id, 1, let reason, _) = event else { return nil }
    return reason
  }

  @Test("a milestone's report that its trial cannot have is refused")
  func report() {
    var report = result.milestones[0]
    #expect(rejection(of: report) == nil)
    report.openProbabilities = []
    #expect(rejection(of: report)?.hasPrefix("20 batches: open_probabilities") == true)
    // The coordinator itself checks for unknown milestones.
    report.budget = .batches(7)
    #expect(rejection(of: report) == nil)
  }

  /// Why a piece is rejected; nil if it is not.
  private func rejection(
    ofPieceAt start: Int, byteCount: Int, handedIn: TrajectoryVolume = TrajectoryVolume()
  ) -> String? {
    let grown = WorkerMessage.TrajectoryGrown(
      attempt: AttemptKey(trial: planned.id, attempt: 1),
      start: TrajectoryPrefix(byteCount: start, digest: Digest.of("start")),
      payload: [UInt8](repeating: 0, count: byteCount), endDigest: Digest.of("end"))
    let event = facts.event(
      of: grown, running: planned.configuration, handedIn: handedIn, on: ConnectionID([1]))
    guard case .resultRejected(planned.id, 1, let reason, _) = event else { return nil }
    return reason
  }

  @Test("an attempt hands in no longer trajectory than its trial has, and not in ever more pieces")
  func trajectory() throws {
    // One row, at the last milestone, with the longest numbers there are.
    let columns = TrajectoryText.fixedColumns + (0..<3).map { "gate_\($0)" }
    let row = columns.map { _ in "-2.2250738585072014e-308" }.joined(separator: ",")
    let longest = (columns.joined(separator: ",") + "\n" + row + "\n").utf8.count
    #expect(rejection(ofPieceAt: 0, byteCount: longest) == nil)
    #expect(rejection(ofPieceAt: longest - 1, byteCount: 1) == nil)
    let most = try ResultBounds(planned.configuration, trainingImageCount: 1).trajectoryByteMaximum
    #expect(most < 1_000)
    for (start, byteCount) in [(0, most + 1), (most, 1), (1 << 50, 65_536)] {
      #expect(
        rejection(ofPieceAt: start, byteCount: byteCount)?.hasPrefix("trajectory: found") == true)
    }
    // Other beginnings: an attempt has one, or two if it cannot resume after all.
    var volume = TrajectoryVolume()
    var accepted = 0
    while accepted < 100, rejection(ofPieceAt: 0, byteCount: most, handedIn: volume) == nil {
      volume = volume.adding(byteCount: most)
      accepted += 1
    }
    #expect(accepted == 2)
    (volume, accepted) = (TrajectoryVolume(), 0)
    while accepted < 100, rejection(ofPieceAt: 0, byteCount: 1, handedIn: volume) == nil {
      volume = volume.adding(byteCount: 1)
      accepted += 1
    }
    #expect(accepted < 20)
  }

  @Test("host and build are recorded as the worker has announced them")
  func maker() throws {
    let maker = ResultMaker(host: "real", processor: "p", instructionSet: "avx2", build: "b")
    let accepted = try facts.accept(
      finished(result), for: planned.id, running: planned.configuration, maker: maker)
    #expect(accepted.result.provenance.host == "real")
    #expect(accepted.result.content == result.content)
  }
}
