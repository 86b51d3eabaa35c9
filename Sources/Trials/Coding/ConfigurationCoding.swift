import Digests

/// JSON form: `{"dataset": …, "model": {"channels": […], "latents": …}, "tolerance": …,
/// "milestones": ["200000 batches"], "trainer": {…}, "seed": "0123456789abcdef"}`, and
/// `"quiet": {"window": 20000}` if the trial may end before its last milestone, and `"trace": [3, 5]`
/// if it visits several tolerances.
///
/// The seed is 16 hexadecimal digits because JSON numbers lose bits above 2⁵³ in many languages.
extension TrialConfiguration: Codable {
  private static let keys: Set<String> = [
    "dataset", "model", "tolerance", "milestones", "quiet", "trace", "trainer", "seed",
  ]

  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: TextKey.self)
    try container.refuseKeys(outside: Self.keys)
    func key(_ text: String) -> TextKey { TextKey(stringValue: text) }
    let seedText = try container.decode(String.self, forKey: key("seed"))
    guard let seed = UInt64(hexadecimal: seedText) else {
      throw DecodingError.dataCorruptedError(
        forKey: key("seed"), in: container,
        debugDescription: "expected a seed of 16 hexadecimal digits, found \"\(seedText)\"")
    }
    self.init(
      dataset: try container.decode(Dataset.self, forKey: key("dataset")),
      model: try container.decode(ModelSettings.self, forKey: key("model")),
      tolerance: try container.decode(Parameter<Double>.self, forKey: key("tolerance")),
      milestones: try container.decode([Budget].self, forKey: key("milestones")),
      trainer: try container.decodeIfPresent(TrainerSettings.self, forKey: key("trainer"))
        ?? TrainerSettings(), seed: seed)
    quiet = try container.decodeIfPresent(QuietRule.self, forKey: key("quiet"))
    trace = try container.decodeIfPresent(ToleranceLadder.self, forKey: key("trace"))
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: TextKey.self)
    func key(_ text: String) -> TextKey { TextKey(stringValue: text) }
    try container.encode(dataset, forKey: key("dataset"))
    try container.encode(model, forKey: key("model"))
    try container.encode(tolerance, forKey: key("tolerance"))
    try container.encode(milestones, forKey: key("milestones"))
    try container.encodeIfPresent(quiet, forKey: key("quiet"))
    try container.encodeIfPresent(trace, forKey: key("trace"))
    try container.encode(trainer, forKey: key("trainer"))
    try container.encode(seed.hexadecimal, forKey: key("seed"))
  }
}

extension ModelSettings: Codable {
  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: TextKey.self)
    try container.refuseKeys(outside: ["channels", "latents"])
    channels = try container.decode([Int].self, forKey: TextKey(stringValue: "channels"))
    let range = Self.latentRange
    latents = try Parameter(
      from: container.superDecoder(forKey: TextKey(stringValue: "latents")),
      expected: "a whole number from \(range.lowerBound) to \(range.upperBound)")
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: TextKey.self)
    try container.encode(channels, forKey: TextKey(stringValue: "channels"))
    try container.encode(latents, forKey: TextKey(stringValue: "latents"))
  }
}
