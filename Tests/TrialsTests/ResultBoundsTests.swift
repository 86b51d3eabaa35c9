import Digests
import Testing

@testable import Trials

@Suite("Bounds on results")
struct ResultBoundsTests {
  private static let configuration: TrialConfiguration = {
    var configuration = TrialConfiguration(
      dataset: .mnist, model: ModelSettings(channels: [4, 4, 8], latents: .value(3)),
      tolerance: .value(14.5), milestones: [.epochs(1), .epochs(2), .epochs(3)], seed: 1)
    configuration.trainer.batchSize = 10
    return configuration
  }()

  /// 105 images make 10 batches an epoch.
  private let bounds: ResultBounds

  init() throws { bounds = try ResultBounds(Self.configuration, trainingImageCount: 105) }

  private static func report(_ epochs: Int, firstHit: Int? = 15) -> MilestoneReport {
    MilestoneReport(
      budget: .epochs(epochs), tolerance: 14.5, step: 10 * epochs,
      ending: epochs == 3 ? .budget : .goesOn, stateDigest: Digest.of("state"), gatesOpen: 2,
      mse: 21.5, evaluationMSE: 1568,
      firstHitStep: firstHit.flatMap { $0 > 10 * epochs ? nil : $0 },
      multiplier: 5, openProbabilities: [0.9, 0.5, 0.500001])
  }

  private static let result = TrialResult(
    milestones: [report(1), report(2), report(3)], artifacts: [],
    provenance: TrialProvenance(
      configuration: configuration, images: Digest.of("images"), host: "höst 東京",
      processor: "CPU @ 3 GHz", instructionSet: "avx2", versions: ["kernel": "6.1"],
      started: "2026-01-31T23:59:60Z", seconds: 0, processorSeconds: 1e9, steps: 18,
      resumed: [
        Resumption(step: 0, host: "a", instructionSet: "avx2"),
        Resumption(step: 12, host: "b", instructionSet: "avx512"),
        Resumption(step: 12, host: "b", instructionSet: "avx512"),
      ], secondPassShare: 1, peakResidentBytes: 1 << 30))

  /// A change that makes a report or a result impossible.
  struct Lie<Subject>: CustomTestStringConvertible {
    let testDescription: String
    let place: String
    let change: @Sendable (inout Subject) -> Void

    init(_ place: String, _ name: String, _ change: @escaping @Sendable (inout Subject) -> Void) {
      self.place = place
      testDescription = name
      self.change = change
    }
  }

  @Test("A valid result is accepted at the ends of its ranges")
  func sound() {
    #expect(bounds.defect(of: Self.result) == nil)
    var least = Self.report(1)
    (least.mse, least.evaluationMSE, least.multiplier, least.gatesOpen) = (0, -0.0, 1e-5, 0)
    least.openProbabilities = [0, 0.5, .leastNonzeroMagnitude]
    #expect(bounds.defect(of: least) == nil)
    least.openProbabilities = [1, 1, 1]
    (least.gatesOpen, least.firstHitStep) = (3, 1)
    #expect(bounds.defect(of: least) == nil)
  }

  private static let lies: [Lie<MilestoneReport>] = [
    .init("step", "past the budget") { $0.step = 31 },
    .init("step", "step -5") { $0.step = -5 },
    .init("gates_open", "5,000 of 3 open gates") { $0.gatesOpen = 5000 },
    .init("gates_open", "-1 open gates") { $0.gatesOpen = -1 },
    .init("gates_open", "fewer than its probabilities say") { $0.gatesOpen = 1 },
    .init("open_probabilities", "none") { $0.openProbabilities = [] },
    .init("open_probabilities", "one too many") { $0.openProbabilities.append(0) },
    .init("open_probabilities", "above 1") { $0.openProbabilities[0] = 1.0001 },
    .init("open_probabilities", "below 0") { $0.openProbabilities[1] = -1e-9 },
    .init("open_probabilities", "no number") { $0.openProbabilities[1] = .nan },
    .init("mse", "MSE -1") { $0.mse = -1 },
    .init("mse", "MSE 1.7e308") { $0.mse = 1.7e308 },
    .init("mse", "MSE of no number") { $0.mse = .nan },
    .init("mse", "more than twice the values of an image") { $0.mse = 1568.5 },
    .init("evaluation_mse", "infinite") { $0.evaluationMSE = .infinity },
    .init("first_hit_step", "step 0") { $0.firstHitStep = 0 },
    .init("first_hit_step", "after the report") { $0.firstHitStep = 31 },
    .init("multiplier", "above its clamp") { $0.multiplier = 5.001 },
    .init("multiplier", "below its clamp") { $0.multiplier = 0 },
    .init("multiplier", "no number") { $0.multiplier = .nan },
  ]

  @Test("An impossible report is refused with the place of its defect", arguments: lies)
  func report(lie: Lie<MilestoneReport>) throws {
    var report = Self.report(3)
    lie.change(&report)
    let defect = try #require(bounds.defect(of: report))
    #expect(defect.place == "3 epochs: \(lie.place)")
    var result = Self.result
    result.milestones[2] = report
    #expect(bounds.defect(of: result) == defect)
  }

  private static let resultLies: [Lie<TrialResult>] = [
    .init("3 epochs: first_hit_step", "a first hit that moves") {
      $0.milestones[2].firstHitStep = 16
    },
    .init("3 epochs: first_hit_step", "a first hit that is taken back") {
      $0.milestones[2].firstHitStep = nil
    },
    .init("2 epochs: first_hit_step", "one that should have been in the report before") {
      for index in 1...2 { $0.milestones[index].firstHitStep = 10 }
    },
    .init("1 epoch: step", "falling steps") { $0.milestones.append($0.milestones[0]) },
    .init("steps", "more steps than the budget") { $0.provenance.steps = 31 },
    .init("steps", "steps -5") { $0.provenance.steps = -5 },
    .init("resumed step", "resumed after its end") { $0.provenance.resumed?[2].step = 31 },
    .init("resumed step", "resumed before it was resumed") { $0.provenance.resumed?[2].step = 11 },
    .init("seconds", "seconds -1") { $0.provenance.seconds = -1 },
    .init("seconds", "endless seconds") { $0.provenance.seconds = 1e308 },
    .init("processor_seconds", "no number") { $0.provenance.processorSeconds = .nan },
    .init("second_pass_share", "a share of 2") { $0.provenance.secondPassShare = 2 },
    .init("peak_resident_bytes", "-1 bytes") { $0.provenance.peakResidentBytes = -1 },
    .init("host", "a name of 257 bytes") {
      $0.provenance.host = String(repeating: "x", count: 257)
    },
    .init("host", "a name of two lines") { $0.provenance.host = "a\nb" },
    .init("processor", "a processor that turns text around") {
      $0.provenance.processor = "\u{202E}cpu"
    },
    .init("version", "a version of 100 kB") {
      $0.provenance.versions["kernel"] = String(repeating: "x", count: 100_000)
    },
    .init("version's name", "a version's name with ESC") {
      $0.provenance.versions["\u{1B}[2J"] = "1"
    },
    .init("resumed host", "a resumed host with NUL") { $0.provenance.resumed?[0].host = "\0" },
  ]

  @Test("A result that contradicts itself or its budget is refused", arguments: resultLies)
  func result(lie: Lie<TrialResult>) {
    var result = Self.result
    lie.change(&result)
    let defect = bounds.defect(of: result)
    #expect(defect?.place == lie.place)
    #expect(defect.map { PlainText.line("\($0)") == "\($0)" } ?? false)
  }

  @Test(
    "A start must be a time in UTC",
    arguments: [
      "yesterday\n=1+1", "", "2026-01-31", "2026-13-31T12:00:00Z", "2026-01-32T12:00:00Z",
      "2026-01-31T24:00:00Z", "2026-01-31T12:60:00Z", "2026-01-31T12:00:61Z",
      "2026-01-31T12:00:00+", "2026-01-31t12:00:00Z", "２026-01-31T12:00:00",
    ])
  func started(text: String) {
    #expect(!ResultBounds.isTime(text))
    var result = Self.result
    result.provenance.started = text
    #expect(bounds.defect(of: result)?.place == "started")
  }

  @Test("There are no bounds while n waits for a parent")
  func waiting() {
    var configuration = Self.configuration
    configuration.model.latents = .measured(
      ParentMeasurement(trial: configuration.id, output: .gatesOpen, factor: 1))
    #expect(throws: ConfigurationError.self) {
      try ResultBounds(configuration, trainingImageCount: 105)
    }
  }
}
