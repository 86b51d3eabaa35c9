import Autoencoder
import Digests
import Foundation
import Images
import Primitives
import Trials

/// Runs one trial from its configuration to its files and result.
///
/// The folder receives `model.safetensors`, `trajectory.csv`, `reconstructions.safetensors`,
/// `pace.csv` and, if the configuration asks for it, `latents.safetensors` (``ArtifactKind``); each
/// gets its name when it is complete and durable. After a failure `trajectory.csv.partial` shows how
/// far the trial came. All files but `pace.csv` are functions of configuration, images and machine.
package final class TrialRunner {
  private let configuration: TrialConfiguration
  private let images: ImageArchive
  private let directory: URL
  private let options: Options
  private let trainer: Trainer
  private let milestones: [(budget: Budget, step: Int)]
  private var loader: BatchLoader
  private lazy var imagesDigest = options.imagesDigest ?? images.computeDigest()
  private var resumed: (reports: CheckpointFile.Reports, trajectory: TrajectoryResumption)?
  /// Why checkpoints were not used to resume from.
  package private(set) var refusals: [String] = []

  /// Prepares a trial: checks it against the images, creates the network and initialises it.
  ///
  /// - Parameters:
  ///   - configuration: With every measured parameter resolved.
  ///   - directory: An existing folder that only this trial uses.
  /// - Throws: A failure with cause ``FailureCause/refused`` if configuration and images do not
  ///   match, the network cannot be created or no checkpoint is valid.
  package init(
    configuration: TrialConfiguration, images: ImageArchive, directory: URL,
    options: Options = Options()
  ) throws(TrialFailure) {
    self.configuration = configuration
    self.images = images
    self.directory = directory
    self.options = options
    let settings = configuration.trainer
    try configuration.check(images)
    do {
      try configuration.validate()
      let shape = try NetworkShape(
        image: images.shape, channels: configuration.model.channels,
        latents: configuration.resolvedLatents())
      let network = try Autoencoder(
        shape: shape, batchSize: settings.batchSize,
        settings: AutoencoderSettings(
          leakySlope: settings.leakySlope, batchNormMomentum: settings.batchNormMomentum,
          batchNormEpsilon: settings.batchNormEpsilon,
          arithmetic: Arithmetic(settings.precision)),
        threads: options.threads)
      trainer = Trainer(
        network: network, tolerance: try configuration.resolvedTolerance(), settings: settings,
        seed: configuration.seed,
        quiet: configuration.quiet.map {
          (rule: $0, epochSteps: max(images.trainingCount / settings.batchSize, 1))
        },
        ladder: configuration.trace, forceSecondPass: options.forceSecondPass)
    } catch {
      throw TrialFailure(cause: .refused, message: "\(error)")
    }
    loader = BatchLoader(images, seed: configuration.seed, batchSize: settings.batchSize)
    milestones = configuration.milestones.map {
      let step = $0.batches(
        trainingImageCount: images.trainingCount, batchSize: settings.batchSize)
      return ($0, step)
    }
    if let last = milestones.last, last.step > Budget.maximumCount {
      throw TrialFailure(
        cause: .refused,
        message: "milestones: found \(last.budget), which are \(last.step) batches, expected at "
          + "most \(Budget.maximumCount)")
    }
    try prepareCheckpoints()
  }

  /// Checks the steps of the requested checkpoints, and restores the checkpoint to resume from.
  private func prepareCheckpoints() throws(TrialFailure) {
    for step in options.checkpointSteps.sorted() where !(0...totalSteps).contains(step) {
      throw TrialFailure(
        cause: .refused,
        message: "checkpoint: found step \(step), expected 0 to \(totalSteps), the trial's last")
    }
    for checkpoint in options.checkpoints {
      do {
        var trajectory: TrajectoryResumption?
        let reports = try checkpoints.restore(checkpoint.url, into: trainer, batches: batches) {
          (reports, step, isShorterRun) throws(CheckpointError) in
          try check(reports, at: step, path: checkpoint.url.path)
          trajectory = try TrajectoryResumption(
            checkpoint, prefix: reports.trajectory, isShorterRun: isShorterRun
          ) { text in
            TrajectoryText.beginning(
              of: text, sampleEvery: configuration.trainer.sampleEvery,
              milestones: Set(milestones.map(\.step) + (reports.endedEarly ? [step] : [])))
          }
        }
        resumed = trajectory.map { (reports, $0) }
        return
      } catch {
        refusals.append("\(error)")
      }
    }
    guard refusals.isEmpty || options.startsOver else {
      throw TrialFailure(
        cause: .refused, message: "cannot resume: \(refusals.joined(separator: "; "))")
    }
  }

  /// Checks that a checkpoint's reports are those of a trial of this configuration at that step.
  private func check(
    _ made: CheckpointFile.Reports, at step: Int, path: String
  ) throws(CheckpointError) {
    let reports = made.milestones
    guard step <= totalSteps else {
      throw CheckpointError(
        .implausible, path: path, part: "step", found: "\(step)",
        expected: "0 to \(totalSteps), the trial's last")
    }
    if configuration.trace != nil { return try checkRungs(reports, at: step, path: path) }
    var steps = milestones.map(\.step).filter { $0 <= step }
    if step < totalSteps, configuration.quiet != nil, reports.last?.endedByRule == true {
      steps.append(step)
    }
    guard reports.map(\.step) == steps else {
      throw CheckpointError(
        .implausible, path: path, part: "reports", found: "reports of steps \(reports.map(\.step))",
        expected: "those of steps \(steps), up to step \(step)")
    }
    if let defect = configuration.defect(of: reports, isComplete: false) {
      throw CheckpointError(
        .implausible, path: path, part: "reports", found: defect, expected: "the trial's own")
    }
  }

  /// The same for a traced trial, whose reports say when its rungs ended.
  private func checkRungs(
    _ reports: [MilestoneReport], at step: Int, path: String
  ) throws(CheckpointError) {
    var defect = configuration.defect(of: reports, isComplete: false)
    do throws(ConfigurationError) {
      let bounds = try ResultBounds(configuration, trainingImageCount: images.trainingCount)
      defect =
        defect ?? reports.lazy.compactMap { bounds.defect(of: $0)?.description }.first
        ?? bounds.defectOfRungs(in: reports)?.description
    } catch {
      defect = "\(error)"
    }
    if defect == nil {
      let latest = reports.last?.step ?? 0
      // A rung reports at its end, so the next end is after the step, if there is one.
      let end = reports.last?.ending.isFinal == true ? latest : latest + rungSteps - 1
      if !(latest...end).contains(step) { defect = "reports up to step \(latest)" }
    }
    guard let defect else { return }
    throw CheckpointError(
      .implausible, path: path, part: "reports", found: defect,
      expected: "those of the rungs up to step \(step)")
  }

  /// The step that the trial resumes from; 0 if it does not.
  package var firstStep: Int { resumed?.reports.resumed.last?.step ?? 0 }

  /// Where the trajectory in this folder begins: behind the rows that it lacks, if any.
  package var trajectoryStart: TrajectoryStart { resumed?.trajectory.start ?? .beginning }

  private var totalSteps: Int { milestones.last?.step ?? 0 }
  /// The most steps of each rung of a traced trial.
  private var rungSteps: Int { milestones.first?.step ?? 0 }

  private func batches(_ budget: Budget) -> Int {
    budget.batches(
      trainingImageCount: images.trainingCount, batchSize: configuration.trainer.batchSize)
  }

  /// Why the quiet rule ends the trial, or its rung, after the trainer's step; nil if it continues.
  ///
  /// The rule does not end a trial at a milestone before the last, except a traced one's rungs.
  private var finding: QuietFinding? {
    let step = trainer.state.step
    guard trainer.state.quiet != nil,
      trainer.state.rung != nil || !milestones.dropLast().contains(where: { $0.step == step })
    else { return nil }
    return trainer.state.finding
  }

  /// The milestone that the trainer's step has reached, and how the trial or its rung ends there; nil
  /// between milestones.
  private func reached(_ finding: QuietFinding?) -> (budget: Budget, ending: ReportEnding)? {
    let step = trainer.state.step
    if let rung = trainer.state.rung {
      guard finding != nil || step == rung.beginning + rungSteps else { return nil }
      let ending = finding?.ending ?? .budget
      return (milestones[rung.index].budget, ending.with(isFinal: rung.isLast))
    }
    if let finding { return milestones.last.map { ($0.budget, finding.ending) } }
    return milestones.first { $0.step == step }.map {
      ($0.budget, step == totalSteps ? .budget : .goesOn)
    }
  }

  private var checkpoints: CheckpointFile {
    CheckpointFile(configuration: configuration, images: imagesDigest)
  }

  /// Trains to the last milestone and writes the files.
  ///
  /// Call it once, on the thread that created the runner.
  ///
  /// - Parameters:
  ///   - reported: Called with each milestone's index and report, after the rows up to it are in the
  ///     trajectory's file; not called for milestones before the checkpoint resumed from.
  ///   - sampled: Called with the trajectory so far if it has grown: with progress, before each
  ///     checkpoint, and at the end.
  ///   - progress: Called about every ``Options/progressInterval`` and at the end.
  ///   - checkpointed: Called after each attempt to write a periodic or final checkpoint; a failure,
  ///     such as a full disk, does not end the trial.
  ///   - shouldStop: Called before every step; true ends the trial.
  /// - Throws: A failure with cause `notANumber`, `diskFull`, `stopped`, or `exitCode` for other
  ///   failures of the file system.
  package func run(
    reported: (Int, MilestoneReport) -> Void = { _, _ in },
    sampled: (TrajectoryPrefix) -> Void = { _ in },
    progress: (TrialProgress) -> Void = { _ in },
    checkpointed: (Result<WrittenCheckpoint, TrialFailure>) -> Void = { _ in },
    shouldStop: () -> Bool = { false }
  ) throws(TrialFailure) -> TrialResult {
    let started = Date()
    let clock = ContinuousClock()
    let beginning = clock.now
    let firstStep = firstStep
    let totalSteps = totalSteps
    var meter = ProgressMeter(
      interval: options.progressInterval, step: firstStep, at: beginning)
    var reports = resumed?.reports.milestones ?? []
    var secondPasses = 0
    var trajectory = try beginTrajectory()
    var pace = try PaceWriter(in: directory, from: firstStep)
    var keeper = CheckpointKeeper(
      checkpoints, in: directory, interval: options.checkpointInterval, firstStep: firstStep,
      permanentSteps: options.checkpointSteps, at: beginning)
    var sampledByteCount = 0
    func reportTrajectory(_ trajectory: TrajectoryPrefix) {
      guard trajectory.byteCount > sampledByteCount else { return }
      sampledByteCount = trajectory.byteCount
      sampled(trajectory)
    }
    func keep(_ trajectory: TrajectoryPrefix, _ milestones: [MilestoneReport]) {
      reportTrajectory(trajectory)
      do throws(TrialFailure) {
        let reports = self.reports(trajectory, milestones)
        guard let saved = try keeper.save(trainer, reports, clock: clock) else { return }
        checkpointed(.success(saved))
      } catch {
        checkpointed(.failure(error))
      }
    }
    try saveIfAsked(trajectory.prefix, reports)
    func report(
      _ milestone: (budget: Budget, ending: ReportEnding), _ finding: QuietFinding?,
      after trajectory: TrajectoryPrefix
    ) throws(TrialFailure) {
      let report = try trainer.milestone(
        milestone.budget, ending: milestone.ending, finding: finding, on: images)
      reports.append(report)
      reportTrajectory(trajectory)
      reported(reports.count - 1, report)
    }
    var hasEnded = reports.last?.ending.isFinal ?? false
    // The quiet rule ends this run at the step where it ended the shorter run.
    if !hasEnded, configuration.trace == nil, let finding, let milestone = reached(finding) {
      try report(milestone, finding, after: trajectory.prefix)
      hasEnded = true
    }

    while !hasEnded, trainer.state.step < totalSteps {
      let step = trainer.state.step + 1
      guard !shouldStop() else {
        if options.savesWhenStopped { keep(trajectory.prefix, reports) }
        throw TrialFailure(
          cause: .stopped, message: "stopped after \(step - 1) of \(totalSteps) steps")
      }
      if let rung = trainer.state.rung, let end = reports.last, end.step == step - 1 {
        trainer.state.beginRung(rung.index + 1, after: end.step)
      }
      loadBatch(step)
      let taken = try take(step: step)
      if taken.ranSecondPass { secondPasses += 1 }

      let finding = finding
      let milestone = reached(finding)
      hasEnded = milestone?.ending.isFinal ?? false
      if milestone != nil || step.isMultiple(of: configuration.trainer.sampleEvery) {
        try trajectory.append(trainer.trajectoryRow(of: taken))
        try pace.append(step: step, seconds: (clock.now - beginning) / .seconds(1))
      }
      if let milestone { try report(milestone, finding, after: trajectory.prefix) }
      try saveIfAsked(trajectory.prefix, reports)
      if !hasEnded, keeper.isDue(at: clock.now) { keep(trajectory.prefix, reports) }
      if let stepsPerSecond = meter.tick(step: step, isLast: hasEnded, at: clock.now) {
        reportTrajectory(trajectory.prefix)
        progress(trainer.progress(totalSteps: totalSteps, stepsPerSecond: stepsPerSecond))
      }
    }

    if options.savesAtEnd { keep(trajectory.prefix, reports) }
    let files = ResultFiles(
      configuration: configuration, trainer: trainer, images: images, directory: directory)
    var artifacts = [
      try files.writeModel(), try trajectory.finish(), try files.writeReconstructions(),
    ]
    if configuration.trainer.latentTraversals == .recorded {
      artifacts.append(try files.writeLatents())
    }
    artifacts.append(try pace.finish())
    return TrialResult(
      milestones: reports, artifacts: artifacts,
      provenance: TrialProvenance(
        configuration: configuration, images: imagesDigest,
        host: Host.name, processor: Host.processor,
        instructionSet: trainer.network.instructionSet.rawValue,
        versions: Self.versions, started: started.ISO8601Format(),
        seconds: (clock.now - beginning) / .seconds(1), processorSeconds: Host.processorSeconds,
        steps: trainer.state.step - firstStep, resumed: resumed?.reports.resumed,
        secondPassShare: Double(secondPasses) / Double(max(trainer.state.step - firstStep, 1)),
        peakResidentBytes: Host.peakResidentBytes))
  }

  /// Takes a step; adds step and state digest to a failure by divergence.
  private func take(step: Int) throws(TrialFailure) -> StepReport {
    do throws(TrialFailure) {
      return try trainer.step()
    } catch {
      guard error.cause == .notANumber else { throw error }
      throw TrialFailure(
        cause: error.cause, message: error.message,
        divergence: Divergence(step: step, stateDigest: StateDigest.of(trainer)))
    }
  }

  private func beginTrajectory() throws(TrialFailure) -> TrajectoryWriter {
    guard let resumed = resumed?.trajectory else {
      return try TrajectoryWriter(in: directory, gates: trainer.state.gates.count)
    }
    return try TrajectoryWriter(in: directory, after: resumed.start, text: resumed.text)
  }

  private func saveIfAsked(
    _ trajectory: TrajectoryPrefix, _ milestones: [MilestoneReport]
  ) throws(TrialFailure) {
    guard options.checkpointSteps.contains(trainer.state.step) else { return }
    try checkpoints.write(trainer, reports(trajectory, milestones), into: directory)
  }

  /// What the trial has reported so far, for a checkpoint.
  private func reports(
    _ trajectory: TrajectoryPrefix, _ milestones: [MilestoneReport]
  ) -> CheckpointFile.Reports {
    CheckpointFile.Reports(
      trajectory: trajectory, milestones: milestones, resumed: resumed?.reports.resumed ?? [])
  }

  private static var versions: [String: String] {
    [
      TrialProvenance.program: ProductVersion.current,
      "swift": _SwiftStdlibVersion.current.description, "kernel": Host.kernel,
    ]
  }

  private func loadBatch(_ step: Int) {
    guard let destination = trainer.network.images.baseAddress else { return }
    loader.load(step: step, hasNext: step < totalSteps, into: destination)
  }
}
