import Digests
import Randomness
import Trials

/// A sweep whose trials compute nothing: a result is a function of its configuration alone.
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

  /// Draws a sweep: baselines, and pruned trials that take τ or n from one of them, or from another
  /// pruned trial; some have a parent whose number will not fit.
  package init(trialCount: Int, poisonProbability: Double, random: inout SplitMix64) {
    var plan: [PlannedTrial] = []
    for index in 0..<trialCount {
      let parent = plan.isEmpty || random.happens(0.4) ? nil : plan.randomElement(using: &random)
      let seed = UInt64(index)
      switch (parent, random.draw(0...9)) {
      case (nil, 0...2):
        // A trial, and a longer run of it, in either order.
        let pair = [
          Self.run(seed: seed, to: [Self.fewerSteps]), Self.run(seed: seed, to: [Self.steps]),
        ]
        plan += random.happens(0.5) ? pair : pair.reversed()
      case (nil, 3...4):
        plan.append(Self.run(seed: seed, to: [300, Self.steps]))
      case (nil, 5...6):
        // A trial that may end early, and a longer run of it, which needs no step more if it did.
        let limits = random.happens(0.5) ? [Self.fewerSteps, Self.steps] : [Self.steps]
        let runs = limits.map { Self.quietRun(seed: seed, to: [200, $0]) }
        plan += random.happens(0.5) ? runs : runs.reversed()
      case (nil, 7):
        plan.append(Self.tracedRun(seed: UInt64(random.draw(0...7)) << 32 | seed))
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

  /// A trial that waits for nothing, with these milestones.
  package static func run(seed: UInt64, to milestones: [Int]) -> PlannedTrial {
    planned(
      seed: seed, tolerance: .value(3), latents: .value(8),
      milestones: milestones.map { .batches($0) })
  }

  /// A trial that waits for nothing and may end before the last of these milestones.
  package static func quietRun(seed: UInt64, to milestones: [Int]) -> PlannedTrial {
    let plain = run(seed: seed, to: milestones)
    var configuration = plain.configuration
    configuration.quiet = QuietRule(window: interval)
    return PlannedTrial(stage: plain.stage, replicate: 0, configuration: configuration)
  }

  /// A trial of three tolerances, each for at most 400 steps.
  ///
  /// A rung whose bit of the seed, from bit 32, is set is quiet after 300.
  package static func tracedRun(seed: UInt64) -> PlannedTrial {
    let plain = quietRun(seed: seed, to: [400, 800, 1200])
    var configuration = plain.configuration
    configuration.trace = ToleranceLadder([3, 5, 8])
    return PlannedTrial(stage: plain.stage, replicate: 0, configuration: configuration)
  }

  /// A trial whose τ is `factor` times its parent's MSE.
  package static func child(
    of parent: PlannedTrial, seed: UInt64, factor: Double = 1
  ) -> PlannedTrial {
    planned(
      seed: seed,
      tolerance: .measured(ParentMeasurement(trial: parent.id, output: .mse, factor: factor)),
      latents: .value(8))
  }

  /// A trial whose n is twice its parent's count of open gates, which may be none.
  package static func resized(from parent: PlannedTrial, seed: UInt64) -> PlannedTrial {
    planned(
      seed: seed, tolerance: .value(5),
      latents: .measured(ParentMeasurement(trial: parent.id, output: .gatesOpen, factor: 2)))
  }

  /// Steps of every trial except shorter runs.
  package static let steps = 1000
  /// Steps of shorter runs.
  package static let fewerSteps = 500
  /// Steps between two checkpoints.
  package static let interval = 100

  private static func planned(
    seed: UInt64, tolerance: Parameter<Double>, latents: Parameter<Int>,
    milestones: [Budget] = [.batches(steps)]
  ) -> PlannedTrial {
    PlannedTrial(
      stage: tolerance == .value(0) ? "baseline" : "narrowed", replicate: 0,
      configuration: TrialConfiguration(
        dataset: .mnist, model: ModelSettings(channels: [8, 8, 16], latents: latents),
        tolerance: tolerance, milestones: milestones, seed: seed))
  }

  /// Steps of a trial with a configuration.
  package static func steps(of configuration: TrialConfiguration) -> Int {
    if let end = rungEnds(of: configuration)?.last { return end.step }
    let last = configuration.milestones.last?.count ?? 0
    return earlyEnd(of: configuration).map { min($0, last) } ?? last
  }

  /// The step after which a trial that may end early does so, if its milestones go that far.
  ///
  /// For half of the seeds it is before ``fewerSteps``, for the others after it; always a multiple of
  /// ``interval``, and no milestone before the last.
  private static func earlyEnd(of configuration: TrialConfiguration) -> Int? {
    guard configuration.quiet != nil else { return nil }
    return configuration.seed.isMultiple(of: 2) ? 400 : 700
  }

  /// Where the rungs of a traced trial end, and whether they were quiet before their budget was spent;
  /// nil for other trials.
  private static func rungEnds(
    of configuration: TrialConfiguration
  ) -> [(step: Int, isQuiet: Bool)]? {
    guard let trace = configuration.trace, let budget = configuration.rungBudget else { return nil }
    var step = 0
    return (0..<trace.count).map { rung in
      let isQuiet = configuration.quiet != nil && configuration.seed >> (32 + rung) & 1 == 1
      step += isQuiet ? 300 : budget.count
      return (step, isQuiet)
    }
  }

  /// Where a trial with a configuration reports: its milestones, the last of them where it ends.
  private static func reportSteps(of configuration: TrialConfiguration) -> [(index: Int, step: Int)]
  {
    if let ends = rungEnds(of: configuration) {
      return ends.enumerated().map { ($0.offset, $0.element.step) }
    }
    let end = steps(of: configuration)
    let earlier = configuration.milestones.dropLast().map(\.count).filter { $0 < end }
    return (earlier + [end]).enumerated().map { ($0.offset, $0.element) }
  }

  /// Where the interval after a step ends.
  package static func nextStep(after step: Int, of configuration: TrialConfiguration) -> Int {
    min((step / interval + 1) * interval, steps(of: configuration))
  }

  /// The bytes of a checkpoint, which encode its origin.
  package static func checkpoint(
    of trial: TrialID, _ configuration: TrialConfiguration, step: Int, instructionSet: String,
    trajectory: TrajectoryPrefix, flaw: CheckpointFlaw? = nil
  ) -> (checkpoint: TrialCheckpoint, blob: SimulatedBlob) {
    let content = content(of: configuration)
    return (
      TrialCheckpoint(
        step: step,
        digest: Digest.of(
          "\(trial) \(step) \(instructionSet)" + (flaw.map { " \($0)" } ?? "")), byteCount: 1,
        instructionSet: instructionSet, stateDigest: Digest.of("\(content) \(step)"),
        trajectory: trajectory),
      SimulatedBlob(content: content, step: step, flaw: flaw)
    )
  }

  /// What a configuration computes, whatever its milestones: its states are those of any other with
  /// the same.
  package static func content(of configuration: TrialConfiguration) -> TrialID {
    var content = configuration
    content.milestones = [.batches(1)]
    return content.id
  }

  /// The row of a trajectory at a step; the heading comes before the first.
  package static func row(_ step: Int, of configuration: TrialConfiguration) -> [UInt8] {
    Array("\(step == interval ? "step,content\n" : "")\(step),\(content(of: configuration))\n".utf8)
  }

  /// The whole trajectory up to a step.
  package static func trajectory(
    of configuration: TrialConfiguration, to step: Int
  ) -> [UInt8] {
    stride(from: interval, through: step, by: interval).flatMap { row($0, of: configuration) }
  }

  /// The images that every trial claims to have trained on.
  package static let images = Digest.of("simulated images")

  /// The one result of a resolved configuration.
  ///
  /// A longer run repeats a shorter one's numbers: they follow from all but the milestones.
  ///
  /// - Parameter attempt: The attempt under which the computation began; its provenance tells it.
  package static func result(
    of configuration: TrialConfiguration, begunUnder attempt: Int = 0
  ) -> ReceivedResult {
    let milestones = reportSteps(of: configuration).map { report(at: $0.index, of: configuration) }
    let text = trajectory(of: configuration, to: steps(of: configuration))
    let result = TrialResult(
      milestones: milestones,
      artifacts: [
        Artifact(kind: .trajectory, digest: Digest.of(text), byteCount: text.count)
      ],
      provenance: TrialProvenance(
        configuration: configuration, images: images, host: "simulated", processor: "none",
        instructionSet: "none", versions: [:], started: "\(attempt)", seconds: 0,
        processorSeconds: 0,
        steps: steps(of: configuration), secondPassShare: 0, peakResidentBytes: 0))
    return ReceivedResult(
      result: result, bytes: [], contentDigest: Digest.of(configuration.canonicalText))
  }

  /// The reports that are due after a step, with their places.
  package static func reports(
    at step: Int, of configuration: TrialConfiguration
  ) -> [(index: Int, report: MilestoneReport)] {
    reportSteps(of: configuration).filter { $0.step == step }
      .map { ($0.index, report(at: $0.index, of: configuration)) }
  }

  /// The one report of a resolved configuration at its place.
  package static func report(at index: Int, of configuration: TrialConfiguration) -> MilestoneReport
  {
    let steps = reportSteps(of: configuration)
    let step = steps[index].step
    let isFinal = index == steps.count - 1
    let budget =
      configuration.trace != nil
      ? configuration.milestones[index]
      : isFinal ? configuration.milestones.last ?? .batches(step) : .batches(step)
    let rung = rungEnds(of: configuration)?[index]
    let isEarly = rung?.isQuiet ?? (step < budget.count)
    let ending: ReportEnding =
      rung != nil
      ? (isEarly ? ReportEnding.quiet : .budget).with(isFinal: isFinal)
      : isEarly ? .quiet : isFinal ? .budget : .goesOn
    var content = configuration
    content.milestones = [.batches(step)]
    let seed = content.id.rawValue
    var random = SplitMix64(seed: seed)
    return MilestoneReport(
      budget: budget, tolerance: configuration.tolerance(atMilestone: index) ?? 0,
      step: step, ending: ending,
      stateDigest: Digest.of("\(seed)"), gatesOpen: random.draw(0...5),
      mse: Double.random(in: 1..<100, using: &random),
      evaluationMSE: Double.random(in: 1..<100, using: &random), firstHitStep: nil,
      multiplier: 1, openProbabilities: [], sinceStep: isEarly ? step - interval : nil)
  }
}
