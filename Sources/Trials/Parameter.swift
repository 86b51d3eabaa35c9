/// A numeric setting that is either known when the sweep is planned or taken, when its trial
/// starts, from what an earlier trial reported.
package enum Parameter<Value: Codable & Hashable & Sendable>: Hashable, Sendable {
  /// Known from the start.
  case value(Value)
  /// Taken from a parent trial's result.
  case measured(Measurement)
}

/// A number that a parent trial will report: `factor` × `output` at the parent's last milestone.
package struct Measurement: Codable, Hashable, Sendable {
  /// The parent trial.
  package var trial: TrialID
  /// Which of its reported numbers.
  package var output: TrialOutput
  /// What the number is multiplied with.
  package var factor: Double

  /// The number `factor` × `output` of `trial`.
  package init(trial: TrialID, output: TrialOutput, factor: Double = 1) {
    self.trial = trial
    self.output = output
    self.factor = factor
  }
}

/// The numbers of a finished trial that a later stage may refer to (`baseline.mse`), each read
/// at the last milestone.
package enum TrialOutput: String, CaseIterable, Codable, Hashable, Sendable {
  /// Moving average of the summed squared error per training image.
  case mse
  /// Summed squared error per evaluation image with hard gates and posterior means.
  case evaluationMSE = "evaluation_mse"
  /// ‖ν‖₀, how many gates are open.
  case gatesOpen = "gates_open"

  /// The number in a milestone's report.
  package func value(in report: MilestoneReport) -> Double {
    switch self {
    case .mse: report.mse
    case .evaluationMSE: report.evaluationMSE
    case .gatesOpen: Double(report.gatesOpen)
    }
  }
}

extension Parameter {
  /// The parent that the value waits for, if any.
  package var measurement: Measurement? {
    if case .measured(let measurement) = self { return measurement }
    return nil
  }
}

extension Parameter: Codable {
  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let value = try? container.decode(Value.self) {
      self = .value(value)
    } else {
      self = .measured(try container.decode(Measurement.self))
    }
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .value(let value): try container.encode(value)
    case .measured(let measurement): try container.encode(measurement)
    }
  }
}
