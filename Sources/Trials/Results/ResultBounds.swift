/// The bounds on a trial's reports and result that follow from its configuration and images.
///
/// A result outside the bounds cannot be one of the trial. A result within them may still be false;
/// only computing the trial again shows that.
package struct ResultBounds: Sendable {
  let trainer: TrainerSettings
  let milestones: [Budget]
  let quiet: QuietRule?
  private let isTraced: Bool
  /// The number of gates.
  let latents: Int
  let trainingImageCount: Int?
  private let errorMaximum: Double

  /// The most bytes of a name in a result: of a host, a processor, a program or its version.
  package static let nameByteCount = 256
  /// The longest time in a result, in seconds: about 300 years.
  static let secondsMaximum = 1e10
  /// The most memory in a result, in bytes (1 PiB).
  static let residentByteMaximum = 1 << 50

  /// The bounds of a trial.
  ///
  /// - Parameters:
  ///   - configuration: With every measured parameter resolved.
  ///   - trainingImageCount: The images of an epoch; nil if unknown, as with records of earlier runs:
  ///     then any step may end a budget of epochs.
  /// - Throws: ``ConfigurationError/parentWithoutResult(_:)`` while n waits for a parent.
  package init(
    _ configuration: TrialConfiguration, trainingImageCount: Int?
  ) throws(ConfigurationError) {
    latents = try configuration.resolvedLatents()
    trainer = configuration.trainer
    milestones = configuration.milestones
    quiet = configuration.quiet
    isTraced = configuration.trace != nil
    self.trainingImageCount = trainingImageCount
    // Images and reconstructions are in 0...1, so the squared error is at most 1 per value; the
    // factor 2 allows for rounding.
    errorMaximum = 2 * Double(configuration.dataset.imageShape.elementCount)
  }
}

// MARK: - Reports

extension ResultBounds {
  /// Why a report cannot be one of the trial; nil if it can.
  package func defect(of report: MilestoneReport) -> ResultDefect? {
    func defect(_ what: String, _ found: some Any, _ expected: String) -> ResultDefect {
      ResultDefect(place: "\(report.budget): \(what)", found: "\(found)", expected: expected)
    }
    let step = report.step
    if isTraced {
      if let defect = defectOfRung(in: report) { return defect }
    } else if quiet != nil, report.endedByRule {
      if let defect = defectOfEnd(in: report) { return defect }
    } else {
      let expected = steps(to: report.budget) ?? max(step, 1)
      guard step == expected else { return defect("step", step, "\(expected)") }
      if let since = report.sinceStep { return defect("since_step", since, "none") }
      if let gates = report.alternatingGates { return defect("alternating_gates", gates, "none") }
    }
    guard report.openProbabilities.count == latents else {
      return defect(
        "open_probabilities", "\(report.openProbabilities.count) of them",
        "one for each of "
          + "\(latents) gates")
    }
    if let odd = report.openProbabilities.first(where: { !(0...1).contains($0) }) {
      return defect("open_probabilities", odd, "0 to 1")
    }
    let open = report.openProbabilities.count { $0 > 0.5 }
    guard report.gatesOpen == open else {
      return defect(
        "gates_open", report.gatesOpen, "\(open), as many as have an open probability above 0.5")
    }
    for (name, error) in [("mse", report.mse), ("evaluation_mse", report.evaluationMSE)]
    where !(0...errorMaximum).contains(error) {
      return defect(name, error, "0 to \(errorMaximum), as images of this shape give")
    }
    if let hit = report.firstHitStep, hit < 1 || hit > step {
      return defect("first_hit_step", hit, "1 to \(step), or none")
    }
    let multipliers = trainer.multiplierMinimum...trainer.multiplierMaximum
    guard multipliers.contains(report.multiplier) else {
      return defect(
        "multiplier", report.multiplier, "\(multipliers.lowerBound) to \(multipliers.upperBound)")
    }
    return nil
  }

  /// A budget in steps; nil for epochs if the number of images is unknown.
  func steps(to budget: Budget) -> Int? {
    if let trainingImageCount {
      return budget.batches(
        trainingImageCount: trainingImageCount, batchSize: trainer.batchSize)
    }
    guard case .batches(let count) = budget else { return nil }
    return count
  }

  /// Why the quiet rule cannot have ended the trial with a report; nil if it can.
  private func defectOfEnd(in report: MilestoneReport) -> ResultDefect? {
    let (step, last) = (report.step, steps(to: report.budget) ?? Budget.maximumCount)
    let epoch = max((trainingImageCount ?? 1) / trainer.batchSize, 1)
    guard step > 0, step <= last, step.isMultiple(of: epoch) else {
      return defect(report, "step", step, "the end of an epoch of \(epoch) steps, at most \(last)")
    }
    if let earlier = milestones.dropLast().first(where: { steps(to: $0) == step }) {
      return defect(
        report, "step", step, "another step than that of \(earlier), at which a trial does not end")
    }
    guard report.tolerance > 0 else {
      return defect(
        report, "tolerance", report.tolerance, "one above 0: a baseline trains to its limit")
    }
    guard let since = report.sinceStep else {
      return defect(report, "since_step", "none", "0 to \(step)")
    }
    let window = quiet?.window ?? 0
    guard since >= 0, since <= step - window else {
      return defect(
        report, "since_step", since, "0 to \(step - window), a window of \(window) before it")
    }
    return defectOfAlternatingGates(in: report)
  }

  /// Why the gates of an ending by the quiet rule cannot be its own; nil if they can.
  func defectOfAlternatingGates(in report: MilestoneReport) -> ResultDefect? {
    let gates = report.alternatingGates ?? []
    let needsGates = report.ending.word == ReportEnding.oscillating.word
    guard gates.count <= 2, gates.isEmpty != needsGates, gates == Array(Set(gates)).sorted(),
      gates.allSatisfy({ (0..<latents).contains($0) })
    else {
      return defect(
        report, "alternating_gates", gates,
        needsGates ? "one or two gates of \(latents), ascending" : "none")
    }
    return nil
  }

  /// A defect of a report whose ending matters.
  func defect(
    _ report: MilestoneReport, _ what: String, _ found: some Any, _ expected: String
  ) -> ResultDefect {
    ResultDefect(
      place: "\(report.budget), \(report.ending.word): \(what)", found: "\(found)",
      expected: expected)
  }

  /// Why reports, in order, contradict each other; nil if they do not.
  ///
  /// There is one first hit: a later report has the same step, or one after the earlier report.
  private func contradiction(in reports: [MilestoneReport]) -> ResultDefect? {
    for (earlier, later) in zip(reports, reports.dropFirst()) {
      guard later.step > earlier.step else {
        return ResultDefect(
          place: "\(later.budget): step", found: "\(later.step)",
          expected: "more than the \(earlier.step) before")
      }
      let isSame = earlier.firstHitStep == later.firstHitStep
      let isNew = earlier.firstHitStep == nil && (later.firstHitStep ?? 0) > earlier.step
      guard isSame || isNew else {
        return ResultDefect(
          place: "\(later.budget): first_hit_step",
          found: later.firstHitStep.map { "\($0)" } ?? "none",
          expected: earlier.firstHitStep.map { "\($0), as before" } ?? "above \(earlier.step)")
      }
    }
    return nil
  }
}

// MARK: - Results

extension TrialResult {
  /// Why a result of an earlier run cannot be one of the trial that it names; nil if it can.
  package var defect: ResultDefect? {
    do throws(ConfigurationError) {
      return try ResultBounds(provenance.configuration, trainingImageCount: nil).defect(of: self)
    } catch {
      return ResultDefect(
        place: "configuration", found: "\(error)", expected: "every parameter resolved")
    }
  }
}

extension ResultBounds {
  /// Why a result cannot be one of the trial; nil if it can.
  package func defect(of result: TrialResult) -> ResultDefect? {
    for report in result.milestones {
      if let defect = defect(of: report) { return defect }
    }
    return contradiction(in: result.milestones)
      ?? (isTraced ? defectOfRungs(in: result.milestones) : nil)
      ?? defect(of: result.provenance, lastStep: result.milestones.last?.step ?? 0)
  }

  private func defect(of provenance: TrialProvenance, lastStep: Int) -> ResultDefect? {
    guard (0...lastStep).contains(provenance.steps) else {
      return ResultDefect(
        place: "steps", found: "\(provenance.steps)", expected: "0 to \(lastStep)")
    }
    var earlier = 0
    for resumption in provenance.resumed ?? [] {
      guard (earlier...lastStep).contains(resumption.step) else {
        return ResultDefect(
          place: "resumed step", found: "\(resumption.step)", expected: "\(earlier) to \(lastStep)")
      }
      earlier = resumption.step
    }
    let numbers = [
      ("seconds", provenance.seconds, Self.secondsMaximum),
      ("processor_seconds", provenance.processorSeconds, Self.secondsMaximum),
      ("second_pass_share", provenance.secondPassShare, 1),
    ]
    for (place, number, maximum) in numbers where !(0...maximum).contains(number) {
      return ResultDefect(place: place, found: "\(number)", expected: "0 to \(maximum)")
    }
    guard (0...Self.residentByteMaximum).contains(provenance.peakResidentBytes) else {
      return ResultDefect(
        place: "peak_resident_bytes", found: "\(provenance.peakResidentBytes)",
        expected: "0 to \(Self.residentByteMaximum)")
    }
    return defectOfTexts(in: provenance)
  }

  private func defectOfTexts(in provenance: TrialProvenance) -> ResultDefect? {
    var names = [
      ("host", provenance.host), ("processor", provenance.processor),
      ("instruction_set", provenance.instructionSet),
    ]
    names += provenance.versions.flatMap { [("version's name", $0.key), ("version", $0.value)] }
    for resumption in provenance.resumed ?? [] {
      names.append(("resumed host", resumption.host))
      names.append(("resumed instruction_set", resumption.instructionSet))
    }
    for (place, name) in names {
      guard name.utf8.count <= Self.nameByteCount else {
        return ResultDefect(
          place: place, found: "\(name.utf8.count) bytes",
          expected: "at most \(Self.nameByteCount)")
      }
      guard PlainText.line(name) == name else {
        return ResultDefect(
          place: place, found: PlainText.line(name),
          expected: "a text without controls and line ends")
      }
    }
    guard Self.isTime(provenance.started) else {
      return ResultDefect(
        place: "started", found: PlainText.line(String(provenance.started.prefix(40))),
        expected: "a time in UTC such as 2026-01-31T12:00:00Z")
    }
    return nil
  }

  /// Whether a text is a time as ISO 8601 writes it in UTC: `2026-01-31T12:00:00Z`.
  static func isTime(_ text: String) -> Bool {
    let pattern = "0000-00-00T00:00:00Z".utf8
    guard text.utf8.count == pattern.count,
      zip(text.utf8, pattern).allSatisfy({ byte, expected in
        expected == UInt8(ascii: "0")
          ? (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) : byte == expected
      })
    else { return false }
    func number(_ from: Int, _ count: Int) -> Int {
      text.utf8.dropFirst(from).prefix(count).reduce(0) { 10 * $0 + Int($1) - 48 }
    }
    return (1...12).contains(number(5, 2)) && (1...31).contains(number(8, 2))
      && number(11, 2) < 24 && number(14, 2) < 60 && number(17, 2) <= 60
  }
}

/// A part of a result that its trial cannot have computed.
package struct ResultDefect: Error, Hashable, Sendable, CustomStringConvertible {
  /// The place: a milestone and a key of the protocol, or a key.
  package var place: String
  /// What was found.
  package var found: String
  /// What was expected.
  package var expected: String

  /// A defect at a place.
  package init(place: String, found: String, expected: String) {
    self.place = place
    self.found = found
    self.expected = expected
  }

  package var description: String { "\(place): found \(found), expected \(expected)" }
}
