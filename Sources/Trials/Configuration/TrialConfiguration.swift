/// Everything that determines a trial's result, and nothing else.
///
/// Trials with equal configurations compute the same bits on the same machine. Identities are
/// hashed from the canonical text (``canonicalText``), which is also sent to workers and read by
/// `worker trial`.
package struct TrialConfiguration: Hashable, Sendable {
  /// The images to train on.
  package var dataset: Dataset
  /// Channel widths and number of latent dimensions.
  package var model: ModelSettings
  /// GECO's tolerance τ, summed squared error per image; 0 makes a baseline.
  package var tolerance: Parameter<Double>
  /// The budgets at which the trial reports, ascending, all in one unit; the last ends it.
  package var milestones: [Budget]
  /// The rule for an end before the last milestone; nil for none.
  package var quiet: QuietRule?
  /// The tolerances of a traced trial, of which ``tolerance`` is the first; nil for other trials.
  ///
  /// Each has one milestone: the most steps up to the end of its rung.
  package var trace: ToleranceLadder?
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

  /// A configuration of the given parts that shares its trainer settings with others.
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
    for measurement in [tolerance.measurement, model.latents.measurement] {
      if let trial = measurement?.trial, !parents.contains(trial) { parents.append(trial) }
    }
    return parents
  }

  /// The configuration with every measured parameter replaced by its parent's number.
  ///
  /// - Parameter report: The report of a parent's last milestone; nil while it has none.
  /// - Throws: ``ConfigurationError`` if a parent has no result, or its number is out of range.
  package func resolved(
    _ report: (TrialID) -> MilestoneReport?
  ) throws(ConfigurationError) -> TrialConfiguration {
    var resolved = self
    if let measurement = tolerance.measurement {
      let value = try Self.number(measurement, report)
      guard value >= 0, value <= Self.maximumTolerance else {
        throw .valueOutOfRange(
          setting: "tolerance", found: value, expected: "0 to \(Self.maximumTolerance)")
      }
      resolved.tolerance = .value(value)
    }
    if let measurement = model.latents.measurement {
      let value = try Self.number(measurement, report).rounded()
      guard let latents = Int(exactly: value), ModelSettings.latentRange.contains(latents) else {
        throw .valueOutOfRange(
          setting: "latents", found: value, expected: "\(ModelSettings.latentRange)")
      }
      resolved.model.latents = .value(latents)
    }
    return resolved
  }

  private static func number(
    _ measurement: ParentMeasurement, _ report: (TrialID) -> MilestoneReport?
  ) throws(ConfigurationError) -> Double {
    guard let report = report(measurement.trial) else {
      throw .parentWithoutResult(measurement.trial)
    }
    return measurement.factor * measurement.output.value(in: report)
  }

  /// τ as a number.
  ///
  /// - Throws: ``ConfigurationError/parentWithoutResult(_:)`` while it waits for a parent.
  package func resolvedTolerance() throws(ConfigurationError) -> Double {
    switch tolerance {
    case .value(let value): value
    case .measured(let measurement): throw .parentWithoutResult(measurement.trial)
    }
  }

  /// n as a number.
  ///
  /// - Throws: ``ConfigurationError/parentWithoutResult(_:)`` while it waits for a parent.
  package func resolvedLatents() throws(ConfigurationError) -> Int {
    switch model.latents {
    case .value(let value): value
    case .measured(let measurement): throw .parentWithoutResult(measurement.trial)
    }
  }
}

extension TrialConfiguration {
  /// Checks what the ranges of single settings do not cover.
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
    try validateTrace()
  }

  private func validateMilestones() throws(ConfigurationError) {
    // Lazy: every start validates up to 100,000 trials, and only errors need the text.
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

  /// The configuration as ``CanonicalJSON``, with every setting.
  package var canonicalText: String { CanonicalConfigurationText.text(self) }

  /// The trial's identity.
  package var id: TrialID { TrialID(ofCanonicalText: canonicalText) }
}
