import Trials

/// What Figure 1 says of its trial, as SVG and for LaTeX.
extension RecordedTrial {
  /// A tolerance, and the step after which the training with it began.
  struct ShownRung {
    let tolerance: Double
    let beginning: Int
  }

  /// Its configuration, with the values that were used if it has a result.
  var shownConfiguration: TrialConfiguration {
    result?.provenance.configuration ?? planned.configuration
  }

  /// The tolerances in the order of training; one from step 0 unless the run is traced.
  ///
  /// Of an unfinished traced run only the rungs with a report, and the one after them, are known.
  var shownRungs: [ShownRung] {
    let configuration = shownConfiguration
    guard let trace = configuration.trace else {
      return [
        ShownRung(tolerance: (try? configuration.resolvedTolerance()) ?? 0, beginning: 0)
      ]
    }
    let ends = configuration.milestones.map { report(at: $0)?.step }.prefix { $0 != nil }
    let beginnings = [0] + ends.compactMap(\.self)
    return zip(trace.tolerances, beginnings).map { ShownRung(tolerance: $0, beginning: $1) }
  }

  /// The title of its Figure 1: `MNIST: one run with τ = 10`, `MNIST: one traced run, τ = 10, 15`.
  func figure1Title(_ counts: ImageCounts) -> String {
    let configuration = shownConfiguration
    let values = shownRungs.map { NumberText.compact($0.tolerance) }.joined(separator: ", ")
    return "\(counts.title(of: configuration.dataset)): one "
      + (configuration.trace == nil ? "run with τ = \(values)" : "traced run, τ = \(values)")
  }
}
