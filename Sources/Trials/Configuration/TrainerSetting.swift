/// The declaration of one trainer setting: its key, meaning, property and range.
package struct TrainerSetting: Sendable {
  /// The key in sweep files and configurations.
  package let key: String
  /// The meaning, one phrase for people.
  package let summary: String
  /// The kind of value, with its property and range.
  package let kind: Kind
  /// Whether configurations contain the setting only if it differs from the default.
  ///
  /// True for every setting added after trials were first recorded: trials with the default keep
  /// their canonical text, and with it their identity, seed and bits.
  package var isNamedOnlyWhenChanged = false
  /// Whether the setting can change a number of a trial.
  ///
  /// Outputs put trials into one series if they differ only in settings for which this is false.
  package var changesTraining = true

  /// The three kinds of value, each with its property of ``TrainerSettings``.
  package enum Kind: Sendable {
    /// A whole number within a range.
    case integer(any WritableKeyPath<TrainerSettings, Int> & Sendable, ClosedRange<Int>)
    /// A number within an interval.
    case real(any WritableKeyPath<TrainerSettings, Double> & Sendable, RealInterval)
    /// One of a few words.
    case choice(
      words: [String], read: @Sendable (TrainerSettings) -> String,
      write: @Sendable (inout TrainerSettings, String) -> Bool)
  }

  /// Every trainer setting, in the order of the documentation.
  package static let all: [TrainerSetting] = [
    .integer("batch_size", \.batchSize, 2...4096, "images per batch; batch statistics need two"),
    .real("learning_rate", \.learningRate, .above(0, to: 1), "Adam's step size"),
    .real("adam_beta1", \.adamBeta1, .from(0, below: 1), "Adam's decay of the first moment"),
    .real("adam_beta2", \.adamBeta2, .from(0, below: 1), "Adam's decay of the second moment"),
    .real("adam_epsilon", \.adamEpsilon, .above(0, to: 1), "Adam's ε"),
    .real("gate_steepness", \.gateSteepness, .above(0, to: 1000), "gate steepness k"),
    .real("initial_gate_logit", \.initialGateLogit, .from(-100, to: 100), "γ₀ of every gate"),
    .choice(
      "gate_sampling", \.gateSampling, "how often gates are drawn: one vector for the batch"),
    .real(
      "constraint_smoothing", \.constraintSmoothing, .from(0, below: 1),
      "α, moving-average factor of the constraint"),
    .real(
      "initial_multiplier", \.initialMultiplier, .from(-100, to: 100), "λ₀, the raw multiplier"),
    .real(
      "multiplier_minimum", \.multiplierMinimum, .above(0, to: 1e6),
      "λ_min, lower clamp of the effective multiplier"),
    .real(
      "multiplier_maximum", \.multiplierMaximum, .above(0, to: 1e6),
      "λ_max, upper clamp of the effective multiplier"),
    .choice(
      "kl_reduction", \.klReduction,
      "KL averaged over open dimensions, or summed as in a regular VAE"),
    .real("leaky_slope", \.leakySlope, .from(0, to: 1), "slope of the leaky ReLU below zero"),
    .real(
      "batch_norm_momentum", \.batchNormMomentum, .from(0, below: 1),
      "share of the old running statistics that one batch keeps"),
    .real(
      "batch_norm_epsilon", \.batchNormEpsilon, .above(0, to: 1), "ε of batch normalisation"),
    .real(
      "mse_smoothing", \.mseSmoothing, .from(0, below: 1),
      "moving-average factor of the reported training MSE"),
    .integer(
      "sample_every", \.sampleEvery, 1...1_000_000_000,
      "batches between two rows of the trajectory"),
    .integer(
      "reconstruction_count", \.reconstructionCount, 1...64,
      "evaluation images reconstructed at the end"),
    .choice(
      "posterior", \.posterior,
      "what σ is: exp(ℓ/2), or exp(ℓ) as equations 5 and 14 say to the letter",
      isNamedOnlyWhenChanged: true),
    .choice(
      "precision", \.precision,
      "what the network multiplies; bf16 is faster and rounds more, its sums and parameters stay "
        + "fp32"),
    .choice(
      "latent_traversals", \.latentTraversals,
      "whether what each open dimension shows is recorded at the end; outputs: [latents] sets it",
      isNamedOnlyWhenChanged: true, changesTraining: false),
  ]

  /// The accepted values in words: "a whole number from 2 to 4096".
  package var expectation: String {
    switch kind {
    case .integer(_, let range): "a whole number from \(range.lowerBound) to \(range.upperBound)"
    case .real(_, let interval): "a number \(interval)"
    case .choice(let words, _, _):
      words.count == 1 ? words[0] : "one of " + words.joined(separator: ", ")
    }
  }

  /// The setting's value in the syntax of sweep files.
  package func text(in settings: TrainerSettings) -> String {
    switch kind {
    case .integer(let path, _): String(settings[keyPath: path])
    case .real(let path, _): settings[keyPath: path].description
    case .choice(_, let read, _): read(settings)
    }
  }

  /// Stores a value given as text.
  ///
  /// - Returns: Whether the text is a value that the setting accepts; if not, nothing changes.
  package func set(_ text: String, in settings: inout TrainerSettings) -> Bool {
    switch kind {
    case .integer(let path, let range):
      guard let value = Int(text), range.contains(value) else { return false }
      settings[keyPath: path] = value
    case .real(let path, let interval):
      guard let value = Double(text), interval.contains(value) else { return false }
      settings[keyPath: path] = value
    case .choice(_, _, let write):
      return write(&settings, text)
    }
    return true
  }

  private static func integer(
    _ key: String, _ path: any WritableKeyPath<TrainerSettings, Int> & Sendable,
    _ range: ClosedRange<Int>, _ summary: String
  ) -> TrainerSetting {
    TrainerSetting(key: key, summary: summary, kind: .integer(path, range))
  }

  private static func real(
    _ key: String, _ path: any WritableKeyPath<TrainerSettings, Double> & Sendable,
    _ interval: RealInterval, _ summary: String
  ) -> TrainerSetting {
    TrainerSetting(key: key, summary: summary, kind: .real(path, interval))
  }

  private static func choice<Choice>(
    _ key: String, _ path: any WritableKeyPath<TrainerSettings, Choice> & Sendable,
    _ summary: String, isNamedOnlyWhenChanged: Bool = false, changesTraining: Bool = true
  ) -> TrainerSetting
  where Choice: RawRepresentable<String> & CaseIterable & SendableMetatype {
    TrainerSetting(
      key: key, summary: summary,
      kind: .choice(
        words: Choice.allCases.map(\.rawValue),
        read: { $0[keyPath: path].rawValue },
        write: { settings, word in
          guard let value = Choice(rawValue: word) else { return false }
          settings[keyPath: path] = value
          return true
        }), isNamedOnlyWhenChanged: isNamedOnlyWhenChanged, changesTraining: changesTraining)
  }
}

/// An interval of finite real numbers whose ends may be open.
package struct RealInterval: Hashable, Sendable, CustomStringConvertible {
  private var lower: Double
  private var upper: Double
  private var includesLower: Bool
  private var includesUpper: Bool

  /// The numbers x with lower ≤ x ≤ upper.
  package static func from(_ lower: Double, to upper: Double) -> RealInterval {
    RealInterval(lower: lower, upper: upper, includesLower: true, includesUpper: true)
  }

  /// The numbers x with lower ≤ x < upper.
  package static func from(_ lower: Double, below upper: Double) -> RealInterval {
    RealInterval(lower: lower, upper: upper, includesLower: true, includesUpper: false)
  }

  /// The numbers x with lower < x ≤ upper.
  package static func above(_ lower: Double, to upper: Double) -> RealInterval {
    RealInterval(lower: lower, upper: upper, includesLower: false, includesUpper: true)
  }

  /// Whether a number lies inside.
  package func contains(_ value: Double) -> Bool {
    (includesLower ? value >= lower : value > lower)
      && (includesUpper ? value <= upper : value < upper)
  }

  package var description: String {
    "\(includesLower ? "≥" : ">") \(Self.text(lower)) and \(includesUpper ? "≤" : "<") "
      + Self.text(upper)
  }

  private static func text(_ value: Double) -> String {
    value == value.rounded() && abs(value) < 1e15 ? String(Int(value)) : value.description
  }
}
