import Digests
import Foundation
import Testing

@testable import Trials

@Suite("Results and plans")
struct ResultTests {
  private func result(host: String = "a", pace: String = "p", model: String = "m") -> TrialResult {
    TrialResult(
      milestones: [report()],
      artifacts: [
        Artifact(kind: .model, digest: Digest.of(model), byteCount: 1),
        Artifact(kind: .pace, digest: Digest.of(pace), byteCount: 1),
      ],
      provenance: TrialProvenance(
        configuration: baselineConfiguration(), images: Digest.of("images"), host: host,
        processor: "p", instructionSet: "avx2", versions: ["product": "1"],
        started: "2021-03-01T00:00:00Z", seconds: 1, processorSeconds: 1, steps: 1,
        secondPassShare: 0.5, peakResidentBytes: 1))
  }

  @Test("two runs on different hosts with the same numbers are the same result")
  func contentDigest() {
    #expect(result().content == result(host: "b", pace: "q").content)
    #expect(result().content != result(model: "n").content)
    var other = result()
    other.milestones[0].mse = other.milestones[0].mse.nextUp
    #expect(other.content != result().content)
  }

  @Test("a result is unchanged by JSON, to the bit")
  func json() throws {
    var original = result()
    original.milestones[0].mse = 0.1 + 0.2
    original.milestones[0].firstHitStep = 17
    let text = CanonicalJSON.text(original)
    #expect(try CanonicalJSON.decode(TrialResult.self, from: Data(text.utf8)) == original)
    #expect(text.contains("\"first_hit_step\":17"))
    #expect(text.contains("\"mse\":0.30000000000000004"))
  }

  @Test("a planned trial has its configuration's identity; a plan is unchanged by JSON")
  func plan() throws {
    let parent = PlannedTrial(
      stage: "baseline", replicate: 0, configuration: baselineConfiguration())
    var configuration = baselineConfiguration()
    configuration.tolerance = .measured(ParentMeasurement(trial: parent.id, output: .mse))
    let child = PlannedTrial(stage: "narrowed", replicate: 0, configuration: configuration)
    #expect(parent.id == baselineConfiguration().id)
    #expect(child.parents == [parent.id])
    let plan = SweepPlan(
      name: "two", question: "How many?", outputs: [.table1], trials: [parent, child])
    let text = CanonicalJSON.text(plan)
    #expect(try CanonicalJSON.decode(SweepPlan.self, from: Data(text.utf8)) == plan)
  }

  @Test("a sweep is complete when every trial has ended in any way")
  func complete() {
    let planned = PlannedTrial(stage: "main", replicate: 0, configuration: baselineConfiguration())
    func isComplete(_ statuses: [TrialStatus]) -> Bool {
      SweepResults(
        plan: SweepPlan(name: "s", question: "", outputs: [], trials: []),
        trials: statuses.map {
          RecordedTrial(
            planned: planned, status: $0, attempts: 1, result: nil, failure: nil, worker: nil)
        }
      ).isComplete
    }
    #expect(isComplete([.complete, .failed, .stopped]))
    #expect(!isComplete([.complete, .running]))
    #expect(!isComplete([.waiting]))
  }

  @Test("failures that are not the trial's fault do not count against it")
  func causes() {
    #expect(
      Set(FailureCause.allCases.filter { !$0.chargesTrial }) == [
        .lost, .stopped, .diskFull, .resultRefused, .badCheckpoint, .parentFailed,
      ])
  }
}
