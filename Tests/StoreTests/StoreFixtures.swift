import Coordination
import Digests
import Foundation
import Store
import TestSupport
import Testing
import Trials

extension TemporaryFolder {
  var database: URL { file("sweep.sqlite") }
}

/// A plan of narrowing trials with the given tolerances.
func plan(tolerances: [Double], name: String = "front") -> SweepPlan {
  SweepPlan(
    name: name, question: "How many dimensions?", outputs: [.figure3],
    trials: tolerances.map { tolerance in
      PlannedTrial(
        stage: "narrow", replicate: 0,
        configuration: TrialConfiguration(
          dataset: .mnist, model: ModelSettings(channels: [8, 8, 16], latents: .value(4)),
          tolerance: .value(tolerance), milestones: [.batches(100), .batches(200)], seed: 7))
    })
}

/// A result with numbers that a lossy store would change.
func result(of trial: PlannedTrial, mse: Double = 0.1 + 0.2) -> TrialResult {
  TrialResult(
    milestones: [100, 200].map { step in
      MilestoneReport(
        budget: .batches(step), step: step, gatesOpen: 2, mse: mse, evaluationMSE: 1 / 3,
        firstHitStep: step == 100 ? nil : 150, multiplier: .leastNonzeroMagnitude,
        openProbabilities: [1, 0.1, 1e-17, 0.95])
    },
    artifacts: [
      Artifact(kind: .model, digest: Digest.of("model \(trial.id)"), byteCount: 10),
      Artifact(kind: .pace, digest: Digest.of("pace"), byteCount: 20),
    ],
    provenance: TrialProvenance(
      configuration: trial.configuration, images: Digest.of("images"), host: "höst",
      processor: "a \"processor\"", instructionSet: "avx2", versions: ["kernel": "6.1"],
      started: "2026-01-02T03:04:05Z", seconds: 1.5, processorSeconds: 1.25, steps: 200,
      secondPassShare: 0.25, peakResidentBytes: 1 << 33))
}

let workerA = WorkerID("worker-a")
let workerB = WorkerID("worker-b")

func lease(_ trial: PlannedTrial, attempt: Int = 1, to worker: WorkerID = workerA)
  -> JournalRecord
{
  .trialLeased(trial: trial.id, attempt: attempt, worker: worker)
}

func recorded(_ trial: PlannedTrial, attempt: Int = 1, by worker: WorkerID = workerA)
  -> JournalRecord
{
  .resultRecorded(trial: trial.id, attempt: attempt, worker: worker, result: result(of: trial))
}

func open(_ plan: SweepPlan, in directory: TemporaryFolder) throws -> SweepStore {
  try SweepStore.open(directory: directory.url, plan: plan, sweepText: "name: front\n")
}

/// Runs a body that must throw a store's error and returns the error.
func storeError(_ body: () throws -> Void) -> StoreError? {
  do {
    try body()
    return nil
  } catch {
    return error as? StoreError
  }
}
