import Coordination
import Digests
import Foundation
import Store
import TestSupport
import Testing
import Trials
import Wire

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
        budget: .batches(step), tolerance: 3, step: step,
        ending: step == 200 ? .budget : .goesOn, stateDigest: Digest.of("state \(step)"),
        gatesOpen: 2, mse: mse, evaluationMSE: 1 / 3,
        firstHitStep: step == 100 ? nil : 150, multiplier: 0.1 + 0.7,
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
  .resultRecorded(
    trial: trial.id, attempt: attempt, worker: worker, result: ReceivedResult(result(of: trial)))
}

func reused(_ trial: PlannedTrial) -> JournalRecord {
  .resultReused(
    trial: trial.id, origin: ReuseOrigin(folder: "runs/ältere", sweepID: "0123456789abcdef"),
    result: ReceivedResult(result(of: trial)))
}

/// A checkpoint at the end of a trajectory.
func checkpoint(_ trajectory: TrajectoryPrefix = .empty) -> TrialCheckpoint {
  TrialCheckpoint(
    step: 500, digest: Digest.of("state"), byteCount: 1 << 20, instructionSet: "avx512",
    stateDigest: Digest.of("all"), trajectory: trajectory)
}

/// The piece of a trajectory that makes a text of a shorter one.
func piece(after start: String, _ text: String) -> TrajectoryPiece {
  TrajectoryPiece(
    after: TrajectoryStart.beginning.advanced(by: Array(start.utf8)), payload: Array(text.utf8))
}

func prefix(_ text: String) -> TrajectoryPrefix {
  TrajectoryPrefix(byteCount: text.utf8.count, digest: Digest.of(text))
}

/// Records as a journal tells them: the bytes of pieces are elsewhere.
func told(_ records: some Sequence<JournalRecord>) -> [JournalRecord] {
  records.map { record in
    guard case .trajectoryExtended(let trial, let attempt, let piece) = record else {
      return record
    }
    return .trajectoryExtended(
      trial: trial, attempt: attempt, piece: TrajectoryPiece(start: piece.start, end: piece.end))
  }
}

/// Copies what a crash would leave of a store: the database, its write-ahead log, the log of results.
func crashImage(of directory: TemporaryFolder) throws -> TemporaryFolder {
  let image = try TemporaryFolder()
  for name in ["sweep.sqlite", "sweep.sqlite-wal", "results.log"] {
    try FileManager.default.copyItem(
      at: directory.url.appending(path: name), to: image.url.appending(path: name))
  }
  return image
}

/// The log of results is what the database counts on, with nothing less or more.
func expectLogWhole(in directory: TemporaryFolder, _ what: String = "") throws {
  let check = try SweepReader.open(directory: directory.url).resultLogCheck()
  #expect(check.logProblems == [], "\(what)")
  #expect(check.databaseProblems == [], "\(what)")
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
