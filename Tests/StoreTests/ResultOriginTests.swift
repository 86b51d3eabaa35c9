import Coordination
import Store
import TestSupport
import Testing
import Trials
import Wire

@Suite("Origins of results")
struct ResultOriginTests {
  let directory: TemporaryFolder

  init() throws { directory = try TemporaryFolder() }

  private func record(_ trial: PlannedTrial, _ versions: [String: String], on set: String)
    -> JournalRecord
  {
    var result = result(of: trial)
    result.provenance.versions = versions
    result.provenance.instructionSet = set
    return .resultRecorded(
      trial: trial.id, attempt: 1, worker: workerA, result: ReceivedResult(result))
  }

  @Test("planned trials are counted by build and instruction set; hosts and kernels do not matter")
  func counts() throws {
    let front = plan(tolerances: [1, 2, 3, 4, 5])
    var store: SweepStore? = try open(front, in: directory)
    #expect(try SweepReader.open(directory: directory.url).origins() == [])
    let trials = front.trials
    try store?.append(trials.map { lease($0) })
    try store?.append([
      record(trials[0], ["bottlenecksweep": "0.1.0+a", "kernel": "6.1"], on: "avx2"),
      record(trials[1], ["bottlenecksweep": "0.1.0+b", "kernel": "6.1"], on: "avx2"),
      record(trials[2], ["bottlenecksweep": "0.1.0+b", "kernel": "6.2"], on: "avx2"),
      record(trials[3], ["bottlenecksweep": "0.1.0+b", "kernel": "6.1"], on: "avx512"),
      record(trials[4], ["worker": "python", "python": "3.11"], on: "none"),
    ])
    #expect(
      try SweepReader.open(directory: directory.url).origins() == [
        ResultOrigin(build: "0.1.0+b", instructionSet: "avx2", trialCount: 2),
        ResultOrigin(build: "0.1.0+a", instructionSet: "avx2", trialCount: 1),
        ResultOrigin(build: "0.1.0+b", instructionSet: "avx512", trialCount: 1),
        ResultOrigin(build: "python 3.11; worker python", instructionSet: "none", trialCount: 1),
      ])
    store = nil
    // Only what the sweep file still plans counts.
    _ = try open(plan(tolerances: [1]), in: directory)
    #expect(
      try SweepReader.open(directory: directory.url).origins() == [
        ResultOrigin(build: "0.1.0+a", instructionSet: "avx2", trialCount: 1)
      ])
  }

  @Test(
    "checkpoints of a resumed result are attributed to the worker that had the lease, not by their own claims"
  )
  func checkpoints() throws {
    let front = plan(tolerances: [1])
    let trial = front.trials[0]
    let recorded = checkpoint()
    var result = result(of: trial)
    result.provenance.resumed = [
      Resumption(step: recorded.step, host: "a lie", instructionSet: "avx2"),
      Resumption(step: recorded.step + 1, host: "unheard of", instructionSet: "avx2"),
    ]
    let records: [JournalRecord] = [
      .workerIntroduced(worker: workerA, host: "lab-1"), lease(trial),
      .checkpointRecorded(trial: trial.id, attempt: 1, checkpoint: recorded),
      .attemptEnded(
        trial: trial.id, attempt: 1, failure: TrialFailure(cause: .lost, message: "silent")),
      lease(trial, attempt: 2, to: workerB),
      .resultRecorded(
        trial: trial.id, attempt: 2, worker: workerB, result: ReceivedResult(result)),
    ]
    let standing = SweepResults(plan: front, records: records).trials[0]
    #expect(
      standing.checkpointOrigins == [
        recorded.step: CheckpointOrigin(worker: workerA.rawValue, host: "lab-1")
      ])
  }
}
