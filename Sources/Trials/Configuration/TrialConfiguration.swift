/// Everything that decides a trial's result, and nothing else.
///
/// Two trials with equal configurations give the same bits on the same machine. The canonical
/// text (``canonicalText``) is what identities are hashed from, what goes over the wire and what
/// `worker trial` reads.
package struct TrialConfiguration: Hashable, Sendable {
  /// The images to train on.
  package var dataset: Dataset
  /// Channel widths and provisioned latent dimensions.
  package var model: ModelSettings
  /// GECO's tolerance τ, summed squared error per image; 0 makes a baseline.
  package var tolerance: Parameter<Double>
  /// The budgets at which the trial reports, ascending, all in one unit; the last ends it.
  package var milestones: [Budget]
  /// When it may end before the last milestone; nil for not at all.
  package var quiet: QuietRule?
  /// Algorithm, optimiser and network constants.
  @Boxed package var trainer: TrainerSettings
  /// Key of the trial's random streams.
  package var seed: UInt64

  /// A configuration with the given parts.
  package init(
    dataset: Dataset, model: ModelSettings, tolerance: Parameter<Double>, milestones: [Budget],
    trainer: TrainerSettings = TrainerSettings(), seed: UInt64
  ) {
    self.init(
      dataset: dataset, model: model, tolerance: tolerance, milestones: milestones,
      sharing: Boxed(wrappedValue: trainer), seed: seed)
  }

  /// A configuration with the given parts, whose settings of the trainer others have too.
  package init(
    dataset: Dataset, model: ModelSettings, tolerance: Parameter<Double>, milestones: [Budget],
    sharing trainer: Boxed<TrainerSettings>, seed: UInt64
  ) {
    self.dataset = dataset
    self.model = model
    self.tolerance = tolerance
    self.milestones = milestones
    self._trainer = trainer
    self.seed = seed
  }

  /// The largest tolerance accepted.
  package static let maximumTolerance = 1e6
}

extension TrialConfiguration {
  /// Whether the trial may end before its last milestone; a baseline may not.
  package var mayEndEarly: Bool { quiet != nil && tolerance != .value(0) }

  /// The parents whose results the configuration waits for.
  package var parents: [TrialID] {
    var parents: [TrialID] = []
    for parentOutput in [tolerance.parentOutput, model.latents.parentOutput] {
      if let trial = parentOutput?.trial, !parents.contains(trial) { parents.append(trial) }
    }
    return parents
  }

  /// The configuration with every measured parameter replaced by its parent's number.
  ///
  /// - Parameter report: The last milestone's report of a parent, nil while it has none.
  /// - Throws: ``ConfigurationError`` when a parent has no result, or its number does not fit.
  package func resolved(
    _ report: (TrialID) -> MilestoneReport?
  ) throws(ConfigurationError) -> TrialConfiguration {
    var resolved = self
    if let parentOutput = tolerance.parentOutput {
      let value = try Self.number(parentOutput, report)
      guard value >= 0, value <= Self.maximumTolerance else {
        throw .valueOutOfRange(
          setting: "tolerance", found: value, expected: "0 to \(Self.maximumTolerance)")
      }
      resolved.tolerance = .value(value)
    }
    if let parentOutput = model.latents.parentOutput {
      let value = try Self.number(parentOutput, report).rounded()
      guard let latents = Int(exactly: value), ModelSettings.latentRange.contains(latents) else {
        throw .valueOutOfRange(
          setting: "latents", found: value, expected: "\(ModelSettings.latentRange)")
      }
      resolved.model.latents = .value(latents)
    }
    return resolved
  }

  private static func number(
    _ parentOutput: ParentOutput, _ report: (TrialID) -> MilestoneReport?
  ) throws(ConfigurationError) -> Double {
    guard let report = report(parentOutput.trial) else {
      throw .parentWithoutResult(parentOutput.trial)
    }
    return parentOutput.factor * parentOutput.output.value(in: report)
  }

  /// τ as a number.
  ///
  /// - Throws: ``ConfigurationError/parentWithoutResult(_:)`` while it waits for a parent.
  package func resolvedTolerance() throws(ConfigurationError) -> Double {
    switch tolerance {
    case .value(let value): value
    case .measured(let parentOutput): throw .parentWithoutResult(parentOutput.trial)
    }
  }

  /// n as a number.
  ///
  /// - Throws: ``ConfigurationError/parentWithoutResult(_:)`` while it waits for a parent.
  package func resolvedLatents() throws(ConfigurationError) -> Int {
    switch model.latents {
    case .value(let value): value
    case .measured(let parentOutput): throw .parentWithoutResult(parentOutput.trial)
    }
  }
}

extension TrialConfiguration {
  /// Checks what the ranges of single settings cannot say.
  ///
  /// - Throws: ``ConfigurationError/invalid(setting:found:expected:)`` for the first violation.
  package func validate() throws(ConfigurationError) {
    let stages = dataset.imageShape.height == 28 ? 3 : 4
    guard model.channels.count == stages,
      model.channels.allSatisfy(ModelSettings.channelRange.contains)
    else {
      throw .invalid(
        setting: "channels", found: "\(model.channels)",
        expected:
          "\(stages) widths from 1 to 1024 for \(dataset.imageShape.height)×\(dataset.imageShape.width) images"
      )
    }
    if case .value(let latents) = model.latents, !ModelSettings.latentRange.contains(latents) {
      throw .invalid(setting: "latents", found: "\(latents)", expected: "1 to 4096")
    }
    if case .value(let value) = tolerance, !(value >= 0 && value <= Self.maximumTolerance) {
      throw .invalid(setting: "tolerance", found: "\(value)", expected: "0 to 1e6")
    }
    guard trainer.multiplierMinimum <= trainer.multiplierMaximum else {
      throw .invalid(
        setting: "multiplier_minimum", found: "\(trainer.multiplierMinimum)",
        expected: "at most multiplier_maximum, \(trainer.multiplierMaximum)")
    }
    try validateMilestones()
  }

  private func validateMilestones() throws(ConfigurationError) {
    // Made only for a message: a sweep of 100,000 trials is validated at every start.
    var text: String { "[" + milestones.map(\.description).joined(separator: ", ") + "]" }
    guard !milestones.isEmpty else {
      throw .invalid(setting: "milestones", found: text, expected: "at least one budget")
    }
    for (earlier, later) in zip(milestones, milestones.dropFirst()) {
      guard earlier.with(count: later.count) == later, earlier.count < later.count else {
        throw .invalid(
          setting: "milestones", found: text, expected: "ascending budgets in one unit")
      }
    }
  }
}

extension TrialConfiguration {
  /// The default channel widths for images of a data set.
  package static func defaultChannels(for dataset: Dataset) -> [Int] {
    dataset.imageShape.height == 28 ? [32, 32, 64] : [32, 32, 64, 64]
  }

  /// The canonical text: JSON with sorted keys, every setting present, shortest round-trip
  /// numbers, no white space.
  package var canonicalText: String { CanonicalConfigurationText.text(self) }

  /// The trial's identity.
  package var id: TrialID { TrialID(ofCanonicalText: canonicalText) }
}
