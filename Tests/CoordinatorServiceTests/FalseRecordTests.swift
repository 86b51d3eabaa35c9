import Coordination
import Digests
import Foundation
import Store
import TestSupport
import Testing
import Trials
import Wire

@testable import CoordinatorService

/// Records of earlier runs with impossible numbers.
@Suite("False results in old records")
struct FalseRecordTests {
  private let folder: TemporaryFolder
  private let plan: SweepPlan
  private let sound: PlannedTrial
  private let lied: [PlannedTrial]

  /// Impossible values of a result.
  private static let lies: [@Sendable (inout TrialResult) -> Void] = [
    { $0.milestones[0].mse = -1 }, { $0.milestones[0].evaluationMSE = 1.7e308 },
    { $0.milestones[0].gatesOpen = 4 }, { $0.milestones[0].openProbabilities = [2, 0, 0, 0] },
    { $0.milestones[0].openProbabilities = [1] }, { $0.milestones[0].step = 99 },
    { $0.milestones[0].firstHitStep = 101 }, { $0.provenance.steps = 101 },
    { $0.provenance.started = "yesterday" },
  ]

  init() throws {
    folder = try TemporaryFolder()
    let trials = (0...Self.lies.count).map { seed in
      PlannedTrial(
        stage: "baseline", replicate: 0,
        configuration: TrialConfiguration(
          dataset: .mnist, model: ModelSettings(channels: [8, 8, 16], latents: .value(4)),
          tolerance: .value(3), milestones: [.batches(100)], seed: UInt64(seed)))
    }
    sound = trials[0]
    lied = Array(trials.dropFirst())
    plan = SweepPlan(name: "lies", question: "Who believes them?", outputs: [], trials: trials)
    let store = try SweepStore.open(directory: folder.url, plan: plan, sweepText: "sweep: lies\n")
    for trial in trials {
      var result = Self.result(of: trial)
      if let place = lied.firstIndex(of: trial) { Self.lies[place](&result) }
      try store.append([
        .trialLeased(trial: trial.id, attempt: 1, worker: WorkerID("w")),
        .resultRecorded(
          trial: trial.id, attempt: 1, worker: WorkerID("w"), result: ReceivedResult(result)),
      ])
    }
    try store.close()
  }

  private static func result(of trial: PlannedTrial) -> TrialResult {
    TrialResult(
      milestones: [
        MilestoneReport(
          budget: .batches(100), tolerance: 3, step: 100, ending: .budget,
          stateDigest: Digest.of("state"), gatesOpen: 1, mse: 2, evaluationMSE: 2,
          firstHitStep: 50, multiplier: 1, openProbabilities: [1, 0, 0, 0])
      ],
      artifacts: [],
      provenance: TrialProvenance(
        configuration: trial.configuration, images: Digest.of("images"), host: "host",
        processor: "processor", instructionSet: "avx2", versions: [:],
        started: "2026-01-02T03:04:05Z", seconds: 1, processorSeconds: 1, steps: 100,
        secondPassShare: 0, peakResidentBytes: 1 << 20))
  }

  @Test("they are not reused, and people are told which and why")
  func reuse() throws {
    let results = try ReusableResults(folders: [folder.url], anyBuild: true)
    #expect(results.candidates(for: sound.configuration, images: nil).count == 1)
    for trial in lied {
      #expect(results.candidates(for: trial.configuration, images: nil).isEmpty, "\(trial.id)")
      #expect(results.refusals.contains { $0.contains("trial \(trial.id) ") }, "\(trial.id)")
    }
    #expect(results.refusals.count == lied.count)
    #expect(results.refusals.first?.contains("mse: found -1.0, expected 0 to") == true)
  }

  @Test("a check names each, with the command that has it computed again")
  func check() throws {
    let check = try SweepCheck(folder.url)
    let findings = check.findings.filter { $0.found.contains("is impossible for this trial") }
    #expect(findings.count == lied.count)
    for trial in lied {
      let finding = findings.first { $0.found.contains("trial \(trial.id) ") }
      #expect(finding?.remedy.contains("coordinator discard") == true, "\(trial.id)")
      #expect(finding?.remedy.contains("\(trial.id)") == true)
    }
    #expect(!check.isSound)
  }

  @Test("salvage leaves them behind, and the trials are computed again")
  func salvage() throws {
    let aside = try TemporaryFolder()
    let salvage = try SweepSalvage.perform(
      from: folder.url, into: aside.url.appending(path: "new"), sweep: nil)
    #expect(salvage.keptCount == 1)
    #expect(Set(salvage.lost.map(\.trial)) == Set(lied.map { "\($0.id)" }))
    #expect(salvage.lost.allSatisfy { $0.reason.contains("is impossible for its trial") })
  }
}
