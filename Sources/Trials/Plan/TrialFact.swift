import Digests

/// A property in which the trials of a sweep can differ.
package struct TrialFact: Sendable {
  /// The key in sweep files: `latents`, `tolerance`, `learning_rate`.
  package let key: String
  /// The symbol before the value: `n`, `τ`; the key if there is no symbol.
  package let sign: String
  private let read: @Sendable (PlannedTrial) -> String?

  private init(
    _ key: String, sign: String? = nil, _ read: @escaping @Sendable (PlannedTrial) -> String?
  ) {
    self.key = key
    self.sign = sign ?? key
    self.read = read
  }

  /// The trial's value in the syntax of sweep files; nil while it waits for a parent's number.
  package func text(in trial: PlannedTrial) -> String? { read(trial) }

  /// Whether a trial has the value that a person typed; numbers are compared as numbers, and a seed
  /// may lack its `s`.
  package func matches(_ text: String, in trial: PlannedTrial) -> Bool {
    guard let own = read(trial) else { return false }
    if let number = Double(text), let ownNumber = Double(own) { return number == ownNumber }
    let (typed, actual) = (Self.compact(text), Self.compact(own))
    return typed == actual || (key == "seed" && "s" + typed == actual)
  }

  private static func compact(_ text: String) -> String {
    text.lowercased().filter { !$0.isWhitespace }
  }

  /// Every fact, the most important first.
  package static let all: [TrialFact] =
    [
      TrialFact("stage") { $0.stage },
      TrialFact("dataset") { $0.configuration.dataset.name },
      TrialFact("tolerance", sign: "τ") { trial in
        guard trial.configuration.trace == nil else { return nil }
        return (try? trial.configuration.resolvedTolerance()).map { shortened($0.description) }
      },
      TrialFact("trace", sign: "traced τ") { trial in
        trial.configuration.trace.map { ladder in
          "[" + ladder.tolerances.map { shortened($0.description) }.joined(separator: ", ") + "]"
        }
      },
      TrialFact("latents", sign: "n") { trial in
        (try? trial.configuration.resolvedLatents()).map(String.init)
      },
      TrialFact("channels") { trial in
        "[" + trial.configuration.model.channels.map(String.init).joined(separator: ", ") + "]"
      },
    ]
    + TrainerSetting.all.map { setting in
      TrialFact(setting.key) { shortened(setting.text(in: $0.configuration.trainer)) }
    } + [
      TrialFact("budget") { trial in
        let configuration = trial.configuration
        return (configuration.rungBudget ?? configuration.milestones.last).map { last in
          (configuration.quiet.map { $0.text(within: last) } ?? "\(last)")
            + (configuration.trace == nil ? "" : " a tolerance")
        }
      },
      TrialFact("replicate") { String($0.replicate) },
      TrialFact("seed") { "s" + $0.configuration.seed.hexadecimal },
    ]

  /// A number's text as people type it: 8 for 8.0.
  private static func shortened(_ text: String) -> String {
    text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }
}
