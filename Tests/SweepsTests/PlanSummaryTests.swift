import Foundation
import Testing
import Trials

@testable import Sweeps

@Suite("The cost of a sweep")
struct PlanSummaryTests {
  @Test("a trial of two parents comes after the deeper one")
  func parents() {
    func trial(_ tolerance: Parameter<Double>, _ latents: Parameter<Int>) -> PlannedTrial {
      PlannedTrial(
        stage: "main", replicate: 0,
        configuration: TrialConfiguration(
          dataset: .mnist, model: ModelSettings(channels: [8, 8, 16], latents: latents),
          tolerance: tolerance, milestones: [.batches(100)], seed: 1))
    }
    let first = trial(.value(0), .value(4))
    let second = trial(
      .measured(ParentMeasurement(trial: first.id, output: .mse)), .value(4))
    let third = trial(
      .measured(ParentMeasurement(trial: first.id, output: .mse)),
      .measured(ParentMeasurement(trial: second.id, output: .gatesOpen)))
    let summary = PlanSummary(
      SweepPlan(name: "chain", question: "?", outputs: [], trials: [first, second, third]))
    #expect(summary.trials.map(\.depth) == [1, 2, 3])
    #expect(summary.depth == 3)
  }

  @Test("steps, depth and critical path of two stages")
  func stages() throws {
    let summary = PlanSummary(try plan(twoStages + "\nreplicates: 3"))
    #expect(summary.trials.map(\.steps) == [100, 100, 100, 200, 200, 200])
    #expect(summary.totalSteps == 900)
    #expect(summary.depth == 2)
    #expect(summary.stages.map(\.name) == ["baseline", "narrowed"])
    #expect(summary.stages.map(\.waitsFor) == [[], ["baseline"]])
    #expect(summary.stages.map(\.trialCount) == [3, 3])
    let baseline = summary.trials[0].seconds
    let narrowed = summary.trials[3].seconds
    #expect(summary.criticalPathSeconds == baseline + narrowed)
    #expect(abs(summary.seconds - 3 * (baseline + narrowed)) < 1e-9)
    // The decoder runs for E₁ only if the tolerance can be met.
    #expect(narrowed > 2 * baseline)
  }

  @Test("epochs are counted on the complete data set unless the real count is given")
  func epochs() throws {
    let plan = try plan(oneTrial.replacing("100 batches", with: "2 epochs"))
    #expect(PlanSummary(plan).totalSteps == 2 * (60_000 / 64))
    let prepared = PlanSummary(plan, trainingImageCounts: [.mnist: 1000])
    #expect(prepared.totalSteps == 2 * 15)
    #expect(prepared.text.contains("Training images in an epoch: 1,000 of mnist.\n"))
  }

  @Test("a step costs its multiply-adds and activations at the assumed speeds, and a fixed time")
  func model() throws {
    let configuration = try plan(oneTrial.replacing("tolerance: 3", with: "tolerance: 0"))
      .configurations[0]
    let shape = try NetworkShape(
      image: configuration.dataset.imageShape, channels: [32, 32, 64], latents: 5)
    let seconds = CostModel().secondsPerStep(of: configuration, latents: 5)
    // 14² and 7² pixels of 32 channels and 4² of 64; 7² and 14² of 32, and the image.
    #expect(shape.encoderActivationsPerImage == 196 * 32 + 49 * 32 + 16 * 64)
    #expect(shape.decoderActivationsPerImage == 49 * 32 + 196 * 32 + 784)
    let activations = 17_488.0
    #expect(
      abs(
        seconds
          - (Double(shape.multipliesPerImage) * 128 / 75e9 + activations * 64 * 2e-9 + 0.6e-3))
        < 1e-12)
  }

  @Test("the estimated time of a step is near the measured one, also for narrow widths")
  func measuredSteps() throws {
    // Milliseconds in AVX2 on a Zen 5 core, times 1.75: see `CostModel`.
    for (channels, measured) in [
      ([4, 8, 16], 1.79), ([8, 8, 16], 2.10), ([8, 16, 32], 3.20), ([12, 20, 40], 5.02),
      ([16, 16, 32], 3.92), ([32, 32, 64], 10.73), ([64, 64, 128], 33.67),
    ] {
      let text = oneTrial.replacing("tolerance: 3", with: "tolerance: 0")
      var configuration = try plan(text).configurations[0]
      configuration.model.channels = channels
      let foreseen = 1e3 * CostModel().secondsPerStep(of: configuration, latents: 32)
      #expect(abs(foreseen / measured - 1) < 0.15, "\(channels): \(foreseen)")
    }
  }

  @Test("a measured count is estimated by its upper bound")
  func measuredLatents() throws {
    let text = twoStages.replacing("2 * baseline.latents", with: "3 * baseline.gates_open")
    let measured = PlanSummary(try plan(text)).trials[1].seconds
    let typed = PlanSummary(try plan(text.replacing("3 * baseline.gates_open", with: "15")))
    #expect(measured == typed.trials[1].seconds)
  }

  @Test("the table")
  func text() throws {
    let text = PlanSummary(
      try plan(twoStages.replacing("[100 batches, 200 batches]", with: "1234567 batches"))
    ).text
    #expect(
      text == """
        two
        2 trials in 2 stages; the longest chain of dependent trials has 2

        stage     waits for  trials  steps of each      steps  core-hours
        baseline  -               1            100        100        0.00
        narrowed  baseline        1      1,234,567  1,234,567        3.99
        all                       2                 1,234,667        3.99

        Critical path: 4.0 h; no number of cores finishes sooner.
        Assumed: one core at 75 GFLOP/s, 2 ns for every activation, 0.6 ms besides for every step, \
        a second decoder pass in 50 % of the steps where the tolerance is above 0.

        """)
  }

  @Test("the JSON lists every trial with identity, parents and cost")
  func json() throws {
    struct Document: Decodable {
      struct Trial: Decodable {
        let id: TrialID
        let stage: String
        let replicate: Int
        let configuration: TrialConfiguration
        let parents: [TrialID]
        let steps: Int
        let estimatedSeconds: Double

        enum CodingKeys: String, CodingKey {
          case id
          case stage
          case replicate
          case configuration
          case parents
          case steps
          case estimatedSeconds = "estimated_seconds"
        }
      }
      let name: String
      let steps: Int
      let trials: [Trial]
    }
    let plan = try plan(twoStages)
    let summary = PlanSummary(plan)
    let document = try JSONDecoder().decode(Document.self, from: Data(summary.json.utf8))
    #expect(document.name == "two")
    #expect(document.steps == 300)
    #expect(document.trials.map(\.id) == plan.trials.map(\.id))
    #expect(document.trials.map(\.configuration) == plan.configurations)
    #expect(document.trials.map(\.parents) == [[], [plan.trials[0].id]])
    #expect(document.trials.map(\.stage) == ["baseline", "narrowed"])
    #expect(document.trials.allSatisfy { $0.estimatedSeconds > 0 && $0.replicate == 0 })
    #expect(summary.json == PlanSummary(plan).json)
  }

  @Test(
    "durations have a suitable unit",
    arguments: [(40.0, "40 s"), (99.4, "99 s"), (100, "2 min"), (5960, "99 min"), (7200, "2.0 h")])
  func durations(seconds: Double, text: String) {
    #expect(PlanSummary.duration(seconds) == text)
  }

  @Test(
    "core-hours have three significant digits",
    arguments: [(36.0, "0.01"), (36_000, "10.0"), (3_600_000, "1,000")])
  func hours(seconds: Double, text: String) {
    #expect(PlanSummary.hours(seconds) == text)
  }
}
