import Autoencoder
import Digests
import Foundation
import Images
import Primitives
import Trials

/// Runs one trial from its configuration to its files and result.
///
/// The folder receives `model.safetensors`, `trajectory.csv`, `reconstructions.safetensors` and
/// `pace.csv` (``ArtifactKind``), each complete and durable from the moment it bears its name.
/// After a failure `trajectory.csv.partial` tells how far the trial came. All files but the pace
/// are functions of configuration, images and machine alone.
package final class TrialRunner {
  /// What may vary without changing a result.
  package struct Options: Sendable {
    /// Whether the decoder runs for E₁ even when ν₁ = ν₂; see ``Trainer``.
    package var forceSecondPass: Bool
    /// Seconds between two calls of the progress closure.
    package var progressInterval: Double
    /// The archive's digest where it is known already; computed from all of the file otherwise.
    package var imagesDigest: Digest?
    /// The steps after which to write a ``CheckpointFile``; 0 is the initial state.
    package var checkpointSteps: Set<Int>
    /// How often to write one besides, of which the two newest stay; nil for never.
    package var checkpointInterval: CheckpointInterval?
    /// Whether to write one when the trial is stopped.
    package var savesWhenStopped: Bool
    /// The checkpoints to go on from: the first that is whole and this trial's.
    package var checkpoints: [URL]
    /// Whether to begin with initial parameters when no checkpoint is of use, instead of failing.
    package var beginsAnew: Bool

    /// The given options; the defaults suit a trial of a sweep.
    package init(
      forceSecondPass: Bool = false, progressInterval: Double = 0.5, imagesDigest: Digest? = nil,
      checkpointSteps: Set<Int> = [], checkpointInterval: CheckpointInterval? = nil,
      savesWhenStopped: Bool = false, checkpoints: [URL] = [], beginsAnew: Bool = false
    ) {
      self.forceSecondPass = forceSecondPass
      self.progressInterval = progressInterval
      self.imagesDigest = imagesDigest
      self.checkpointSteps = checkpointSteps
      self.checkpointInterval = checkpointInterval
      self.savesWhenStopped = savesWhenStopped
      self.checkpoints = checkpoints
      self.beginsAnew = beginsAnew
    }
  }

  private let configuration: TrialConfiguration
  private let images: ImageArchive
  private let directory: URL
  private let options: Options
  private let trainer: Trainer
  private let milestones: [(budget: Budget, step: Int)]
  private var sampler: EpochSampler
  private lazy var imagesDigest = options.imagesDigest ?? images.computeDigest()
  private var resumed: CheckpointFile.Reports?
  /// Why checkpoints to go on from were not of use.
  package private(set) var refusals: [String] = []

  /// Prepares a trial: checks it against the images, lays out the network, initialises it.
  ///
  /// - Parameters:
  ///   - configuration: Every measured parameter resolved.
  ///   - directory: An existing folder that belongs to this trial alone.
  /// - Throws: A failure with cause ``FailureCause/refused`` when configuration and images do not
  ///   go together, the network cannot be made or the checkpoint is not this trial's.
  package init(
    configuration: TrialConfiguration, images: ImageArchive, directory: URL,
    options: Options = Options()
  ) throws(TrialFailure) {
    self.configuration = configuration
    self.images = images
    self.directory = directory
    self.options = options
    let settings = configuration.trainer
    try Self.check(images, against: configuration)
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
          arithmetic: Arithmetic(settings.precision)))
      trainer = Trainer(
        network: network, tolerance: try configuration.resolvedTolerance(), settings: settings,
        seed: configuration.seed, forceSecondPass: options.forceSecondPass)
    } catch {
      throw TrialFailure(cause: .refused, message: "\(error)")
    }
    sampler = EpochSampler(
      seed: configuration.seed, imageCount: images.trainingCount, batchSize: settings.batchSize)
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

  /// Checks which checkpoints are asked for, and restores the one to go on from.
  private func prepareCheckpoints() throws(TrialFailure) {
    for step in options.checkpointSteps.sorted() where !(0...totalSteps).contains(step) {
      throw TrialFailure(
        cause: .refused,
        message: "checkpoint: found step \(step), expected 0 to \(totalSteps), the trial's last")
    }
    for url in options.checkpoints {
      do {
        resumed = try checkpoints.restore(url, into: trainer)
        return
      } catch {
        refusals.append("\(error)")
      }
    }
    guard refusals.isEmpty || options.beginsAnew else {
      throw TrialFailure(
        cause: .refused, message: "cannot resume: \(refusals.joined(separator: "; "))")
    }
  }

  /// The step that the trial goes on from; 0 at its beginning.
  package var firstStep: Int { resumed?.resumed.last?.step ?? 0 }

  private var totalSteps: Int { milestones.last?.step ?? 0 }

  private var checkpoints: CheckpointFile {
    CheckpointFile(configuration: configuration, images: imagesDigest)
  }

  private static func check(
    _ images: ImageArchive, against configuration: TrialConfiguration
  ) throws(TrialFailure) {
    func refuse(_ message: String) -> TrialFailure {
      TrialFailure(cause: .refused, message: "\(images.url.path): \(message)")
    }
    let expected = configuration.dataset.imageShape
    guard images.name == configuration.dataset.rawValue, images.shape == expected else {
      throw refuse(
        "found \(images.name) images of \(images.shape), expected \(configuration.dataset.rawValue)"
          + " images of \(expected)")
    }
    guard images.trainingCount >= configuration.trainer.batchSize else {
      throw refuse(
        "found \(images.trainingCount) training images, expected at least one batch of "
          + "\(configuration.trainer.batchSize)")
    }
    guard images.evaluationCount > 0 else {
      throw refuse("found no evaluation images, expected at least one")
    }
  }

  /// Trains to the last milestone and writes the files.
  ///
  /// To be called once, on the thread that made the runner.
  ///
  /// - Parameters:
  ///   - progress: Called about every ``Options/progressInterval`` and at the end.
  ///   - checkpointed: Called after each attempt to write a checkpoint that was not asked for by
  ///     its step; a failure, such as a full disk, does not end the trial.
  ///   - shouldStop: Asked before every step; true ends the trial.
  /// - Throws: A failure with cause `notANumber`, `diskFull`, `stopped`, or `exitCode` for other
  ///   failures of the file system.
  package func run(
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
    var reports = resumed?.milestones ?? []
    var secondPasses = 0
    var trajectory = try Trajectory(
      in: directory, gates: trainer.state.gates.count, resuming: resumed?.trajectory)
    var pace = try Pace(in: directory, from: firstStep)
    var keeper = CheckpointKeeper(
      checkpoints, in: directory, interval: options.checkpointInterval, firstStep: firstStep,
      permanentSteps: options.checkpointSteps, at: beginning)
    func keep(_ trajectory: Data, _ milestones: [MilestoneReport]) {
      do throws(TrialFailure) {
        let reports = self.reports(trajectory, milestones)
        guard let saved = try keeper.save(trainer, reports, clock: clock) else { return }
        checkpointed(.success(saved))
      } catch {
        checkpointed(.failure(error))
      }
    }
    try saveIfAsked(trajectory.text, reports)

    while trainer.state.step < totalSteps {
      let step = trainer.state.step + 1
      guard !shouldStop() else {
        if options.savesWhenStopped { keep(trajectory.text, reports) }
        throw TrialFailure(
          cause: .stopped, message: "stopped after \(step - 1) of \(totalSteps) steps")
      }
      loadBatch(step)
      let report = try trainer.step()
      if report.ranSecondPass { secondPasses += 1 }

      let milestone = milestones.first { $0.step == step }
      if milestone != nil || step.isMultiple(of: configuration.trainer.sampleEvery) {
        try trajectory.append(row(of: report))
        try pace.append(step: step, seconds: (clock.now - beginning).seconds)
      }
      if let milestone { reports.append(self.report(at: milestone.budget)) }
      try saveIfAsked(trajectory.text, reports)
      if step < totalSteps, keeper.isDue(at: clock.now) { keep(trajectory.text, reports) }
      if let stepsPerSecond = meter.tick(step: step, isLast: step == totalSteps, at: clock.now) {
        progress(self.progress(totalSteps: totalSteps, stepsPerSecond: stepsPerSecond))
      }
    }

    let files = ResultFiles(
      configuration: configuration, trainer: trainer, images: images, directory: directory)
    let artifacts = [
      try files.writeModel(), try trajectory.finish(), try files.writeReconstructions(),
      try pace.finish(),
    ]
    return TrialResult(
      milestones: reports, artifacts: artifacts,
      provenance: TrialProvenance(
        configuration: configuration, images: imagesDigest,
        host: Host.name, processor: Host.processor,
        instructionSet: trainer.network.instructionSet.rawValue,
        versions: Self.versions, started: started.ISO8601Format(),
        seconds: (clock.now - beginning).seconds, processorSeconds: Host.processorSeconds,
        steps: totalSteps - firstStep, resumed: resumed?.resumed,
        secondPassShare: Double(secondPasses) / Double(max(totalSteps - firstStep, 1)),
        peakResidentBytes: Host.peakResidentBytes))
  }

  private func saveIfAsked(
    _ trajectory: Data, _ milestones: [MilestoneReport]
  ) throws(TrialFailure) {
    guard options.checkpointSteps.contains(trainer.state.step) else { return }
    try checkpoints.write(trainer, reports(trajectory, milestones), into: directory)
  }

  /// What the trial has reported so far, as a checkpoint holds it.
  private func reports(
    _ trajectory: Data, _ milestones: [MilestoneReport]
  ) -> CheckpointFile.Reports {
    CheckpointFile.Reports(
      trajectory: trajectory, milestones: milestones, resumed: resumed?.resumed ?? [])
  }

  private static var versions: [String: String] {
    [
      "bottlenecksweep": ProductVersion.current,
      "swift": _SwiftStdlibVersion.current.description, "kernel": Host.kernel,
    ]
  }

  private func loadBatch(_ step: Int) {
    guard let destination = trainer.network.images.baseAddress else { return }
    sampler.withBatch(atStep: step) { images.copyImages(.training, indices: $0, into: destination) }
  }

  private func row(of report: StepReport) -> TrajectoryRow {
    let state = trainer.state
    return TrajectoryRow(
      step: state.step, squaredError: report.squaredError,
      mse: state.mse ?? report.squaredError, constraintAverage: report.constraintAverage,
      multiplier: state.multiplier.effective, toleranceHits: trainer.toleranceHits,
      gatesOpen: state.gates.openCount, expectedOpen: state.gates.expectedOpenCount,
      divergence: report.divergence, openProbabilities: state.gates.openProbabilities)
  }

  private func report(at budget: Budget) -> MilestoneReport {
    let state = trainer.state
    let evaluation = Evaluation(network: trainer.network, images: images, gates: state.gates)
    return MilestoneReport(
      budget: budget, step: state.step, gatesOpen: state.gates.openCount, mse: state.mse ?? 0,
      evaluationMSE: evaluation.squaredError(), firstHitStep: state.firstHitStep,
      multiplier: state.multiplier.effective, openProbabilities: state.gates.openProbabilities)
  }

  private func progress(totalSteps: Int, stepsPerSecond: Double) -> TrialProgress {
    let state = trainer.state
    return TrialProgress(
      step: state.step, totalSteps: totalSteps, mse: state.mse ?? 0,
      gatesOpen: state.gates.openCount, multiplier: state.multiplier.effective,
      stepsPerSecond: stepsPerSecond)
  }
}
extension Arithmetic {
  /// The arithmetic that a trial asks for.
  package init(_ precision: Precision) {
    switch precision {
    case .fp32: self = .fp32
    case .bf16: self = .bf16
    }
  }
}
