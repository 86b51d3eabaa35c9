import Trials

/// A key that a sweep file can fix or vary along an axis.
enum TrialKey: Hashable {
  case dataset
  case latents
  case channels
  case tolerance
  /// The tolerances of a traced trial, in place of one.
  case trace
  case budget
  case seed
  /// A trainer setting by its key, which ``TrainerSetting/all`` declares.
  case trainer(String)

  /// The key's name under `axes:` and in messages.
  var name: String {
    switch self {
    case .dataset: "dataset"
    case .latents: "latents"
    case .channels: "channels"
    case .tolerance: "tolerance"
    case .trace: "trace"
    case .budget: "budget"
    case .seed: "seed"
    case .trainer(let key): key
    }
  }

  /// The keys that are directly in a stage or at the top level.
  static let direct: [TrialKey] = [
    .dataset, .latents, .channels, .tolerance, .trace, .budget,
  ]

  /// The key that an axis names: `tolerance`, `model.latents`, `trainer.gate_steepness` or
  /// `gate_steepness`; nil for anything else.
  init?(axisName name: String) {
    guard let key = Self.byAxisName[name] else { return nil }
    self = key
  }

  /// Every name of an axis, in the order of the documentation, without the longer spellings.
  static let axisNames: [String] =
    (direct + [.seed] + TrainerSetting.all.map { .trainer($0.key) }).map(\.name)

  private static let byAxisName: [String: TrialKey] = {
    var keys: [String: TrialKey] = [:]
    for key in direct + [.seed] { keys[key.name] = key }
    for key in [TrialKey.latents, .channels] { keys["model." + key.name] = key }
    for setting in TrainerSetting.all {
      keys[setting.key] = .trainer(setting.key)
      keys["trainer." + setting.key] = .trainer(setting.key)
    }
    return keys
  }()

  /// The key that says the same in another way, so that a trial has one of them.
  var rival: TrialKey? {
    switch self {
    case .tolerance: .trace
    case .trace: .tolerance
    default: nil
    }
  }

  /// The declaration of a trainer setting.
  static func setting(_ key: String) -> TrainerSetting {
    guard let setting = settings[key] else {
      preconditionFailure("\(key) is no setting of the trainer")
    }
    return setting
  }

  private static let settings = Dictionary(
    uniqueKeysWithValues: TrainerSetting.all.map { ($0.key, $0) })

  /// The kind of number that the key accepts; nil if its axis cannot be a range of numbers.
  var numberKind: NumberKind? {
    switch self {
    case .latents, .seed: return .whole
    case .tolerance: return .real
    case .dataset, .channels, .trace, .budget: return nil
    case .trainer(let key):
      switch Self.setting(key).kind {
      case .integer: return .whole
      case .real: return .real
      case .choice: return nil
      }
    }
  }
}

/// Whole or real numbers.
enum NumberKind {
  case whole
  case real
}
