import Trials

/// Names of series of grid points, from the facts that distinguish each from others of its data
/// set.
enum SeriesLabels {
  /// The facts in which series can differ.
  struct Facts {
    /// The images.
    let dataset: Dataset
    /// Names and values, the same names in the same order for every series; n first.
    let values: [(name: String, text: String)]
    /// Which way its trials trace the tolerances; nil if each has one tolerance.
    let trace: ToleranceLadder.Direction?

    /// The facts of a series that a grid point belongs to.
    ///
    /// - Parameter reports: The last reports of trials, which give a measured n.
    init(of point: GridPoints.Point, in reports: [TrialID: MilestoneReport]) {
      let configuration = point.configuration
      dataset = configuration.dataset
      trace = configuration.trace?.direction
      let budgets =
        configuration.rungBudget.map { "\($0) a tolerance" }
        ?? configuration.milestones.map(\.description).joined(separator: " and ")
      let used = point.trials[0].configurationUsed(in: reports)
      let latents =
        (try? used.resolvedLatents()).map(String.init)
        ?? configuration.model.latents.measurement.map(TrialRecords.text) ?? ""
      values =
        [
          ("n", latents), ("stage", point.stage),
          (
            "rungs",
            (configuration.trace?.tolerances ?? []).map(NumberText.shortest).joined(separator: " ")
          ),
          ("channels", configuration.model.channels.map(String.init).joined(separator: "-")),
          (
            "budget",
            budgets
              + (configuration.quiet.map { ", quiet by windows of \($0.window)" } ?? "")
          ),
        ]
        + TrainerSetting.all.filter(\.changesTraining).map { setting in
          let text = setting.text(in: configuration.trainer)
          return (setting.key, Double(text).map(NumberText.shortest) ?? text)
        }
    }
  }

  /// A unique name for each series of a data set: `n = 32`, `traced`, and the facts that differ.
  ///
  /// Series without a different fact are numbered.
  static func labels(of series: [Facts]) -> [String] { numbered(names(of: series), of: series) }

  /// The same without numbers: series without a different fact have the same name.
  static func names(of series: [Facts]) -> [String] {
    zip(series, distinctions(of: series)).map { facts, distinction in
      "n = \(facts.values[0].text)" + (facts.trace.map { ", \($0.words)" } ?? "")
        + (distinction.isEmpty ? "" : ", \(distinction)")
    }
  }

  /// The facts besides n that distinguish each series from others of its data set; empty if n does,
  /// or if there are none.
  static func distinctions(of series: [Facts]) -> [String] {
    let groups = Dictionary(grouping: series, by: \.dataset)
    let varying = groups.mapValues { group in
      group[0].values.indices.dropFirst().filter { index in
        Set(group.map { $0.values[index].text }).count > 1
      }
    }
    return series.map { facts in
      (varying[facts.dataset] ?? []).filter { !facts.values[$0].text.isEmpty }.map {
        "\(facts.values[$0].name) = \(facts.values[$0].text)"
      }
      .joined(separator: ", ")
    }
  }

  /// Adds a number to each text that repeats an earlier one of the same data set.
  static func numbered(_ texts: [String], of series: [Facts]) -> [String] {
    var counts: [String: Int] = [:]
    return zip(texts, series).map { text, facts in
      let count = counts["\(facts.dataset.name)/\(text)", default: 0] + 1
      counts["\(facts.dataset.name)/\(text)"] = count
      guard count > 1 else { return text }
      return text.isEmpty ? "(\(count))" : "\(text) (\(count))"
    }
  }
}

extension ToleranceLadder.Direction {
  /// The word for results that are rungs of one trial: `traced`, or `traced downwards`.
  var words: String { self == .up ? "traced" : "traced downwards" }
}
