import Trials

/// Expands a declaration into its trials.
///
/// Each combination of the shared axes, the stage's own axes and the replicates is one trial of a
/// stage. Trials are in the order of the file, parents first: stage by stage, first axis slowest,
/// replicates fastest. Points with equal configurations are one trial, listed under its first
/// stage.
struct Expansion {
  private let declaration: SweepDeclaration
  private let sharedCount: Int
  private var trials: [PlannedTrial] = []
  private var indices: [TrialID: Int] = [:]
  /// For each stage without axes of its own, its trials by shared point and replicate.
  private var positions: [String: [Int]] = [:]
  /// For each trial in another precision or with latent traversals, the identity of the same trial
  /// in fp32 without them, from which its children's seeds are derived.
  private var siblings: [TrialID: TrialID] = [:]
  private var log: DiagnosticLog

  /// The most trials of a sweep.
  static let maximumTrialCount = 1_000_000

  /// The plan of a declaration without errors.
  static func plan(
    _ declaration: SweepDeclaration, log: DiagnosticLog
  ) throws(SweepFileError) -> SweepPlan {
    var log = log
    let order = StageOrder(declaration).sorted(log: &log)
    refuseUnusedDefaults(declaration, log: &log)
    refuseMissingKeys(declaration, log: &log)
    refuseTooManyTrials(declaration, log: &log)
    try log.check()
    var expansion = Expansion(declaration, log: log)
    for stage in order { expansion.expand(declaration.stages[stage]) }
    try expansion.log.check()
    var plan = SweepPlan(
      name: declaration.name, question: declaration.question, outputs: declaration.outputs,
      trials: expansion.trials)
    plan.limits = declaration.limits
    return plan
  }

  private init(_ declaration: SweepDeclaration, log: DiagnosticLog) {
    guard let sharedCount = declaration.shared.pointCount else {
      preconditionFailure("the count of trials has been checked")
    }
    self.declaration = declaration
    self.sharedCount = sharedCount
    self.log = log
  }

  private mutating func expand(_ stage: SweepDeclaration.Stage) {
    guard let ownCount = stage.scope.pointCount else {
      preconditionFailure("the count of trials has been checked")
    }
    var fixed = TrialDraft()
    if declaration.outputs.contains(.latents) { fixed.recordLatentTraversals() }
    for (key, value) in declaration.shared.fixed { fixed.set(key, to: value) }
    for (key, value) in stage.scope.fixed { fixed.set(key, to: value) }
    var points: [Point] = []
    points.reserveCapacity(sharedCount * ownCount * declaration.replicates)
    // Nil for a point that cannot be planned; it keeps its index, so that children find their
    // parents.
    var cells: [Int?] = []
    for point in 0..<sharedCount {
      var shared = fixed
      declaration.shared.forEachValue(at: point) { key, value in
        if !stage.scope.fixes(key) { shared.set(key, to: value) }
      }
      for ownPoint in 0..<ownCount {
        var draft = shared
        stage.scope.forEachValue(at: ownPoint) { draft.set($0, to: $1) }
        for replicate in 0..<declaration.replicates {
          guard !log.isFull else { return }
          let cell = point * declaration.replicates + replicate
          do throws(ConfigurationError) {
            guard let configuration = try configuration(draft, cell: cell) else {
              cells.append(nil)
              continue
            }
            cells.append(points.count)
            points.append(
              Point(
                configuration: configuration, replicate: replicate,
                sweepSeed: draft.seed ?? declaration.seed))
          } catch {
            cells.append(nil)
            report(error, values(of: stage, at: point, ownPoint))
          }
        }
      }
    }
    let places = plan(points, of: stage.name)
    if stage.scope.axes.isEmpty {
      positions[stage.name] = cells.map { $0.map { places[$0] } ?? 0 }
    }
  }

  /// A trial before its seed and identity are computed.
  private struct Point: Sendable {
    /// Its seed is 0.
    var configuration: TrialConfiguration
    var replicate: Int
    var sweepSeed: UInt64
  }

  /// Plans the points of a stage and returns their positions among the trials.
  ///
  /// Seeds and identities are hashes of the whole configuration and take most of the time of a
  /// large sweep, so they are computed on all cores.
  private mutating func plan(_ points: [Point], of stage: String) -> [Int] {
    let known = siblings
    let planned = points.concurrentMap { point -> (trial: PlannedTrial, sibling: TrialID?) in
      var configuration = point.configuration
      var sibling = Self.plainSibling(of: configuration, siblings: known)
      let seed = TrialConfiguration.deriveSeed(
        sweepSeed: point.sweepSeed, replicate: point.replicate, configuration: sibling)
      configuration.seed = seed
      sibling.seed = seed
      return (
        PlannedTrial(stage: stage, replicate: point.replicate, configuration: configuration),
        configuration.trainer == sibling.trainer ? nil : sibling.id
      )
    }
    trials.reserveCapacity(trials.count + points.count)
    indices.reserveCapacity(trials.count + points.count)
    return planned.map { trial, sibling in
      if let sibling { siblings[trial.id] = sibling }
      return insert(trial)
    }
  }

  /// Every value that a point of a stage sets.
  private func values(
    of stage: SweepDeclaration.Stage, at point: Int, _ ownPoint: Int
  ) -> [TrialKey: Placed<TrialValue>] {
    var values = declaration.shared.fixed
    values.merge(declaration.shared.values(at: point)) { _, axis in axis }
    values.merge(stage.scope.fixed) { _, own in own }
    values.merge(stage.scope.values(at: ownPoint)) { _, axis in axis }
    return values
  }

  /// Adds a trial unless it is planned already, and returns its position.
  private mutating func insert(_ trial: PlannedTrial) -> Int {
    if let index = indices[trial.id] {
      precondition(
        trials[index].configuration == trial.configuration,
        "two different configurations share the identity \(trial.id)")
      return index
    }
    indices[trial.id] = trials.count
    trials.append(trial)
    return trials.count - 1
  }

  /// The configuration of a draft, with seed 0; nil if a parent could not be planned.
  ///
  /// - Throws: ``ConfigurationError`` for an invalid combination of values.
  private mutating func configuration(
    _ draft: TrialDraft, cell: Int
  ) throws(ConfigurationError) -> TrialConfiguration? {
    guard let dataset = draft.dataset, let budget = draft.budget,
      let draftLatents = draft.latents, let draftTolerance = draft.tolerance
    else { preconditionFailure("missing keys have been refused") }
    guard let latents = resolve(draftLatents, cell: cell),
      let tolerance = resolve(tolerance: draftTolerance, cell: cell)
    else { return nil }
    let channels = draft.channels ?? TrialConfiguration.defaultChannels(for: dataset)
    var configuration = TrialConfiguration(
      dataset: dataset, model: ModelSettings(channels: channels, latents: latents),
      tolerance: tolerance, milestones: budget.milestones, sharing: draft.trainer, seed: 0)
    configuration.quiet = budget.quiet
    if let trace = draft.trace {
      configuration.trace = trace.value
      configuration.milestones = try Self.milestones(of: trace.value, within: budget)
    }
    try configuration.validate()
    return configuration
  }

  /// The milestones of a traced trial, of whose rungs each has the budget.
  ///
  /// - Throws: ``ConfigurationError`` if it is more than one budget, or too long.
  private static func milestones(
    of ladder: ToleranceLadder, within budget: TrialBudget
  ) throws(ConfigurationError) -> [Budget] {
    let text = budget.milestones.map(\.description).joined(separator: ", ")
    guard budget.milestones.count == 1 else {
      throw .invalid(
        setting: "budget", found: "[\(text)] with trace",
        expected:
          "one budget, the most that each of its tolerances trains, such as 50000 batches or "
          + BudgetReader.quietExample)
    }
    guard let milestones = TrialConfiguration.milestones(of: ladder, within: budget.milestones[0])
    else {
      throw .invalid(
        setting: "budget", found: "\(text) for each of \(ladder.count) tolerances of trace",
        expected: "at most \(Budget.maximumCount) together")
    }
    return milestones
  }

  /// The same trial in fp32 and without latent traversals, with the parents that it then has.
  private static func plainSibling(
    of configuration: TrialConfiguration, siblings: [TrialID: TrialID]
  ) -> TrialConfiguration {
    var sibling = configuration
    sibling.makePlain()
    if case .measured(var measurement) = sibling.tolerance {
      measurement.trial = siblings[measurement.trial] ?? measurement.trial
      sibling.tolerance = .measured(measurement)
    }
    if case .measured(var measurement) = sibling.model.latents {
      measurement.trial = siblings[measurement.trial] ?? measurement.trial
      sibling.model.latents = .measured(measurement)
    }
    return sibling
  }

  /// Reports an invalid combination of values, at the value that causes it.
  private mutating func report(
    _ error: ConfigurationError, _ values: [TrialKey: Placed<TrialValue>]
  ) {
    guard case .invalid(let setting, let found, let expected) = error else {
      preconditionFailure("validation of a plan: \(error)")
    }
    // A default is valid by itself, so the file sets the other bound of the pair.
    let blamed = [setting, "multiplier_maximum", "dataset"].lazy
      .compactMap { TrialKey(axisName: $0) }.compactMap { values[$0] }.first
    log.report(
      "\(found) for \(setting)", at: blamed?.place ?? declaration.place, expected: expected)
  }
}

extension Expansion {
  /// The parent's trial at the same shared point, seed and replicate.
  private func parent(_ reference: StageReference, cell: Int) -> PlannedTrial {
    guard let positions = positions[reference.stage] else {
      preconditionFailure("stage \(reference.stage) is expanded after its child")
    }
    return trials[positions[cell]]
  }

  private mutating func resolve(
    _ latents: Placed<Quantity>, cell: Int
  ) -> Parameter<Int>? {
    switch latents.value {
    case .number(let value): return .value(Int(value))
    case .reference(let reference):
      // After an error nothing more is planned, so a parent may be missing.
      guard log.isEmpty else { return nil }
      let parent = parent(reference, cell: cell)
      switch parent.configuration.model.latents {
      case _ where StageOutput(rawValue: reference.output) == .gatesOpen:
        return .measured(
          ParentMeasurement(trial: parent.id, output: .gatesOpen, factor: reference.factor))
      case .measured(var measurement):
        measurement.factor *= reference.factor
        return .measured(measurement)
      case .value(let count):
        // Rounded, like a measured count when it is resolved.
        let value = (Double(count) * reference.factor).rounded()
        guard let latents = Int(exactly: value), ModelSettings.latentRange.contains(latents) else {
          refuse(reference, value, for: .latents, at: latents.place)
          return nil
        }
        return .value(latents)
      }
    }
  }

  private mutating func resolve(
    tolerance: Placed<Quantity>, cell: Int
  ) -> Parameter<Double>? {
    switch tolerance.value {
    case .number(let value): return .value(value)
    case .reference(let reference):
      guard log.isEmpty else { return nil }
      let parent = parent(reference, cell: cell)
      if let output = StageOutput(rawValue: reference.output)?.measured {
        return .measured(
          ParentMeasurement(trial: parent.id, output: output, factor: reference.factor))
      }
      if let trace = parent.configuration.trace {
        log.report(
          "\(reference), of a stage that traces \(trace.count) tolerances", at: tolerance.place,
          expected: "a number, or \(reference.stage).mse, that of its last tolerance")
        return nil
      }
      switch parent.configuration.tolerance {
      case .measured(var measurement):
        measurement.factor *= reference.factor
        return .measured(measurement)
      case .value(let parentTolerance):
        let value = parentTolerance * reference.factor
        guard value <= TrialConfiguration.maximumTolerance else {
          refuse(reference, value, for: .tolerance, at: tolerance.place)
          return nil
        }
        return .value(value)
      }
    }
  }

  private mutating func refuse(
    _ reference: StageReference, _ value: Double, for key: TrialKey, at place: SourcePlace
  ) {
    let expected =
      key == .latents
      ? "1 to \(ModelSettings.latentRange.upperBound)"
      : "0 to \(Numerals.text(TrialConfiguration.maximumTolerance))"
    log.report(
      "\(reference) = \(Numerals.text(value)) for \(key.name)",
      at: place, expected: expected)
  }
}

extension Expansion {
  /// Refuses top-level values that every stage overrides: a change of them, in the file or by
  /// `--set`, would have no effect.
  private static func refuseUnusedDefaults(
    _ declaration: SweepDeclaration, log: inout DiagnosticLog
  ) {
    let stages = declaration.stages
    guard !stages.isEmpty else { return }
    func isHidden(_ key: TrialKey) -> Bool {
      stages.allSatisfy { stage in
        [key, key.rival].compactMap(\.self).contains {
          stage.scope.fixed[$0] != nil || stage.scope.axisKeys.contains($0)
        }
      }
    }
    for (key, value) in declaration.shared.fixed where isHidden(key) {
      log.report(
        "\(key.name) at the top level, which every stage sets for itself", at: value.place,
        expected: "it under stages." + stages.map(\.name).joined(separator: " or stages."))
    }
    for axis in declaration.shared.axes {
      for key in axis.keys where isHidden(key) {
        log.report(
          "a shared axis over \(key.name), which every stage sets for itself", at: axis.place,
          expected: "a stage that varies along it")
      }
    }
  }

  private static func refuseMissingKeys(
    _ declaration: SweepDeclaration, log: inout DiagnosticLog
  ) {
    for stage in declaration.stages {
      for key in [TrialKey.dataset, .latents, .tolerance, .budget]
      where !declaration.shared.sets(key) && !stage.scope.sets(key) {
        let isOnly =
          stage.name == SweepDeclaration.onlyStageName && stage.place == declaration.place
        log.report(
          isOnly ? "no \(key.name)" : "no \(key.name) for stage \"\(stage.name)\"",
          at: stage.place,
          expected: isOnly
            ? "a key \"\(key.name)\" or an axis over it"
            : "a key \"\(key.name)\" in the stage or at the top level, or an axis over it")
      }
    }
  }

  private static func refuseTooManyTrials(
    _ declaration: SweepDeclaration, log: inout DiagnosticLog
  ) {
    var total = 0
    for stage in declaration.stages {
      let counts = [declaration.shared.pointCount, stage.scope.pointCount, declaration.replicates]
      var count: Int? = 1
      for factor in counts {
        let product = factor.flatMap { count?.multipliedReportingOverflow(by: $0) }
        count = product.flatMap { $0.overflow ? nil : $0.partialValue }
      }
      let sum = count.map { total.addingReportingOverflow($0) }
      guard let sum, !sum.overflow, sum.partialValue <= maximumTrialCount else {
        let found = sum.flatMap { $0.overflow ? nil : "\($0.partialValue)" } ?? "over 10¹⁸"
        log.report(
          "a grid of \(found) trials", at: stage.place, expected: "at most \(maximumTrialCount)")
        return
      }
      total = sum.partialValue
    }
  }
}
