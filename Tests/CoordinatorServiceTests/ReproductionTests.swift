import Digests
import Testing
import Trials

@testable import CoordinatorService

@Suite("Reproductions")
struct ReproductionTests {
  @Test(
    "the time of a recorded host is told, whatever a member has recorded",
    arguments: [
      (1, 1e10, 1_000_000_000), (1, 1e10, Int.max), (Int.max, 1e10, Int.max), (0, 0.0, 0),
      (1, .infinity, 1),
    ] as [(Int, Double, Int)])
  func beginning(steps: Int, seconds: Double, resumed: Int) {
    let configuration = TrialConfiguration(
      dataset: .mnist, model: ModelSettings(channels: [4, 4, 8], latents: .value(3)),
      tolerance: .value(14.5), milestones: [.batches(20)], seed: 1)
    var provenance = TrialProvenance(
      configuration: configuration, images: Digest.of("images"), host: "h", processor: "p",
      instructionSet: "avx2", versions: [:], started: "2026-01-02T03:04:05Z", seconds: seconds,
      processorSeconds: 1, steps: steps, secondPassShare: 0, peakResidentBytes: 1)
    provenance.resumed = [Resumption(step: resumed, host: "h", instructionSet: "avx2")]
    let trial = RecordedTrial(
      planned: PlannedTrial(stage: "main", replicate: 0, configuration: configuration),
      status: .complete, attempts: 1, result: nil, failure: nil, worker: nil)
    let text = TrialReproduction.beginning(of: trial, provenance)
    #expect(text.contains("again, ") && text.contains("h took "), "\(text)")
  }
}
