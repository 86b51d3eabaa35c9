import Digests
import Randomness
import Trials

/// A sweep whose trials take no computing: a result is a function of its configuration alone.
package struct SimulatedSweep: Sendable {
  /// The plan, parents before children.
  package let plan: [PlannedTrial]
  /// Trials whose every attempt fails.
  package let poison: Set<TrialID>

  /// A sweep of the given trials.
  package init(plan: [PlannedTrial], poison: Set<TrialID> = []) {
    self.plan = plan
    self.poison = poison
  }

  /// Draws a sweep: baselines, and pruned trials that take τ or n from one of them, or from
  /// another pruned trial; some of a kind whose parent's number will not fit.
  package init(trialCount: Int, poisonProbability: Double, random: inout SplitMix64) {
    var plan: [PlannedTrial] = []
    for index in 0..<trialCount {
      let parent = plan.isEmpty || random.happens(0.4) ? nil : plan.randomElement(using: &random)
      let seed = UInt64(index)
      switch (parent, random.draw(0...9)) {
      case (nil, _):
        plan.append(Self.baseline(seed: seed))
      case (let parent?, 0):
        plan.append(Self.child(of: parent, seed: seed, factor: 1e7))
      case (let parent?, 1...2):
        plan.append(Self.resized(from: parent, seed: seed))
      case (let parent?, _):
        plan.append(Self.child(of: parent, seed: seed))
      }
    }
    self.plan = plan
    poison = Set(plan.filter { _ in random.happens(poisonProbability) }.map(\.id))
  }

  /// A trial that waits for nothing.
  package static func baseline(seed: UInt64, latents: Int = 8) -> PlannedTrial {
    planned(seed: seed, tolerance: .value(0), latents: .value(latents))
  }

  /// A trial whose τ is `factor` times its parent's MSE.
  package static func child(
    of parent: PlannedTrial, seed: UInt64, factor: Double = 1
  ) -> PlannedTrial {
    planned(
      seed: seed,
      tolerance: .measured(Measurement(trial: parent.id, output: .mse, factor: factor)),
      latents: .value(8))
  }

  /// A trial whose n is twice its parent's count of open gates, which may be none.
  package static func resized(from parent: PlannedTrial, seed: UInt64) -> PlannedTrial {
    planned(
      seed: seed, tolerance: .value(5),
      latents: .measured(Measurement(trial: parent.id, output: .gatesOpen, factor: 2)))
  }

  /// Steps of every trial.
  package static let steps = 1000
  /// Steps between two checkpoints.
  package static let interval = 100

  private static func planned(
    seed: UInt64, tolerance: Parameter<Double>, latents: Parameter<Int>
  ) -> PlannedTrial {
    PlannedTrial(
      stage: tolerance == .value(0) ? "baseline" : "narrowed", replicate: 0,
      configuration: TrialConfiguration(
        dataset: .mnist, model: ModelSettings(channels: [8, 8, 16], latents: latents),
        tolerance: tolerance, milestones: [.batches(steps)], seed: seed))
  }

  /// The images that every trial claims to have trained on.
  package static let images = Digest.of("simulated images")

  /// The one result of a resolved configuration.
  package static func result(of configuration: TrialConfiguration) -> TrialResult {
    var random = SplitMix64(seed: configuration.id.rawValue)
    let milestones = configuration.milestones.map { budget in
      MilestoneReport(
        budget: budget, step: budget.count, gatesOpen: random.draw(0...5),
        mse: Double.random(in: 1..<100, using: &random),
        evaluationMSE: Double.random(in: 1..<100, using: &random), firstHitStep: nil,
        multiplier: 1, openProbabilities: [])
    }
    return TrialResult(
      milestones: milestones, artifacts: [],
      provenance: TrialProvenance(
        configuration: configuration, images: images, host: "simulated", processor: "none",
        instructionSet: "none", versions: [:], started: "", seconds: 0, processorSeconds: 0,
        steps: 1000, secondPassShare: 0, peakResidentBytes: 0))
  }
}
