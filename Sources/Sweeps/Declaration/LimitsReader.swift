import Trials

/// Reads the mapping `limits:`.
enum LimitsReader {
  private static let keys = [
    "max_failures", "attempts", "host_failures", "canary", "stall_minutes",
    "kept_checkpoints_gb",
  ]

  /// The accepted values of a key, in words.
  static func expectation(_ key: String) -> String {
    switch key {
    case "max_failures": "a whole number from 0 to \(failureRange.upperBound)"
    case "attempts", "host_failures": "a whole number from 1 to \(countRange.upperBound)"
    case "kept_checkpoints_gb": "a whole number from 0 to \(gigabyteRange.upperBound)"
    case "stall_minutes": "a whole number from 1 to \(stallRange.upperBound)"
    default: "one of " + SweepLimits.Canary.allCases.map(\.rawValue).joined(separator: ", ")
    }
  }

  /// Every key with its meaning and its default, in the order of the documentation.
  static let documentation: [(key: String, meaning: String, standard: String)] = {
    let standard = SweepLimits()
    return [
      (
        "max_failures", "no further trial starts after more than this number have failed",
        "any number"
      ),
      (
        "attempts", "how often a trial may fail by itself before it is given up",
        "\(standard.attempts)"
      ),
      (
        "host_failures",
        "how many different trials may die on a host, without a result from it in between, before "
          + "it gets no more", "\(standard.hostFailures)"
      ),
      (
        "canary",
        "whether one trial of a stage goes first and the others follow once it makes steps; auto: "
          + "in stages of more than 24 core-hours", standard.canary.rawValue
      ),
      (
        "stall_minutes", "how long a trial may take no step before it counts as stuck",
        "\(standard.stallMinutes)"
      ),
      (
        "kept_checkpoints_gb",
        "how many gigabytes of checkpoints of complete trials are kept, so that a longer budget goes "
          + "on from them; the oldest go first", "\(standard.keptCheckpointGigabytes)"
      ),
    ]
  }()

  private static let failureRange = 0...1_000_000
  private static let countRange = 1...1_000
  private static let stallRange = 1...10_000
  private static let gigabyteRange = 0...100_000

  /// The limits of a `limits:` mapping; invalid values are reported and keep their defaults.
  static func limits(_ node: SyntaxNode, log: inout DiagnosticLog) -> SweepLimits {
    var limits = SweepLimits()
    guard let entries = node.entries else {
      log.report(
        "\(node.summary) for limits", at: node.place,
        expected: "a mapping of " + keys.joined(separator: ", "))
      return limits
    }
    for entry in entries {
      switch entry.key {
      case "max_failures": limits.failures = count(entry, in: failureRange, log: &log)
      case "attempts":
        limits.attempts = count(entry, in: countRange, log: &log) ?? limits.attempts
      case "host_failures":
        limits.hostFailures = count(entry, in: countRange, log: &log) ?? limits.hostFailures
      case "stall_minutes":
        limits.stallMinutes = count(entry, in: stallRange, log: &log) ?? limits.stallMinutes
      case "kept_checkpoints_gb":
        limits.keptCheckpointGigabytes =
          count(entry, in: gigabyteRange, log: &log) ?? limits.keptCheckpointGigabytes
      case "canary":
        if let word = entry.value.text.flatMap(SweepLimits.Canary.init) {
          limits.canary = word
        } else {
          refuse(entry, log: &log)
        }
      default:
        log.report(
          "unknown key \"\(entry.key)\" in limits", at: entry.place,
          expected: "one of " + keys.joined(separator: ", "),
          suggestion: NearestName.suggestion(for: entry.key, among: keys))
      }
    }
    return limits
  }

  private static func count(
    _ entry: SyntaxNode.Entry, in range: ClosedRange<Int>, log: inout DiagnosticLog
  ) -> Int? {
    if let count = entry.value.plainText.flatMap(Numerals.whole), range.contains(count) {
      return count
    }
    refuse(entry, log: &log)
    return nil
  }

  private static func refuse(_ entry: SyntaxNode.Entry, log: inout DiagnosticLog) {
    log.report(
      "\(entry.value.summary) for \(entry.key)", at: entry.value.place,
      expected: expectation(entry.key))
  }
}
