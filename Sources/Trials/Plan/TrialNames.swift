/// Short names of a sweep's trials, for people: the facts in which a trial differs from others of
/// its stage.
///
/// `τ = 8`, or `narrowed: mnist, n = 20` in a sweep of several stages.
package struct TrialNames: Sendable {
  /// What varies in a stage.
  fileprivate struct Variation: Sendable {
    var facts: [TrialFact] = []
    var first: PlannedTrial
    /// The keys of ``facts``.
    var keys: Set<String> = []
    /// Whether some trials differ in no fact of a name, but for instance in the sweep's seed.
    var hasTwins = false
  }

  fileprivate var variations: [String: Variation] = [:]

  /// Finds what varies in each stage.
  ///
  /// A name omits values that wait for a parent's number.
  package init(of trials: [PlannedTrial]) {
    for trial in trials {
      guard var variation = variations[trial.stage] else {
        variations[trial.stage] = Variation(first: trial)
        continue
      }
      let before = variation
      Self.compare(trial, &variation)
      if variation.keys.count > before.keys.count || variation.hasTwins != before.hasTwins {
        variations[trial.stage] = variation
      }
    }
    for stage in variations.keys {
      let keys = variations[stage]?.keys ?? []
      variations[stage]?.facts = TrialFact.all.filter { keys.contains($0.key) }
    }
  }

  /// A trial's name; the stage's name if nothing varies in the stage.
  package func name(of trial: PlannedTrial) -> String {
    let parts = (variations[trial.stage]?.facts ?? []).compactMap { fact in
      fact.text(in: trial).map { fact.key == "dataset" ? $0 : "\(fact.sign) = \($0)" }
    }
    let name = parts.joined(separator: ", ")
    if name.isEmpty { return trial.stage }
    return variations.count > 1 ? "\(trial.stage): \(name)" : name
  }

  /// A trial's name in a sentence, with its identity if a person has to type it or if other trials
  /// may have the same name: `τ = 8`, `τ = 8 (t0123456789abcdef)`.
  package func words(of trial: PlannedTrial, isTyped: Bool) -> String {
    let name = name(of: trial)
    guard let variation = variations[trial.stage] else { return "\(name) (\(trial.id))" }
    let isWhole = variation.facts.allSatisfy { $0.text(in: trial) != nil }
    return isTyped || variation.hasTwins || !isWhole ? "\(name) (\(trial.id))" : name
  }

  /// Adds the keys in which a trial differs from the first of its stage.
  ///
  /// A sweep has up to 100,000 trials, so texts are made only where settings differ.
  private static func compare(_ trial: PlannedTrial, _ variation: inout Variation) {
    let (own, first) = (trial.configuration, variation.first.configuration)
    if own.dataset != first.dataset { variation.keys.insert("dataset") }
    if own.tolerance != first.tolerance { variation.keys.insert("tolerance") }
    if own.trace != first.trace { variation.keys.formUnion(["tolerance", "trace"]) }
    if own.model.latents != first.model.latents { variation.keys.insert("latents") }
    if own.model.channels != first.model.channels { variation.keys.insert("channels") }
    if own.rungBudget ?? own.milestones.last != first.rungBudget ?? first.milestones.last
      || own.quiet != first.quiet
    {
      variation.keys.insert("budget")
    }
    if trial.replicate != variation.first.replicate { variation.keys.insert("replicate") }
    guard own.trainer != first.trainer else {
      if isTwin(trial, of: variation.first) { variation.hasTwins = true }
      return
    }
    for setting in TrainerSetting.all where !variation.keys.contains(setting.key) {
      if setting.text(in: own.trainer) != setting.text(in: first.trainer) {
        variation.keys.insert(setting.key)
      }
    }
  }

  /// Whether two trials of one trainer differ only in their seeds.
  private static func isTwin(_ trial: PlannedTrial, of other: PlannedTrial) -> Bool {
    var configuration = trial.configuration
    configuration.seed = other.configuration.seed
    return configuration == other.configuration && trial.replicate == other.replicate
  }
}

extension TrialNames {
  /// The keys of the facts in which the trials of a stage differ.
  package func varyingKeys(in stage: String) -> Set<String> { variations[stage]?.keys ?? [] }
}
