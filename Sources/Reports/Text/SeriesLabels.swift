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

    /// The facts of a series that a grid point belongs to.
    ///
    /// - Parameter reports: The last reports of trials, which give a measured n.
    init(of point: GridPoints.Point, in reports: [TrialID: MilestoneReport]) {
      let configuration = point.configuration
      dataset = configuration.dataset
      let used = point.trials[0].configurationUsed(in: reports)
      let latents =
        (try? used.resolvedLatents()).map(String.init)
        ?? configuration.model.latents.measurement.map(TrialRecords.text) ?? ""
      values =
        [
          ("n", latents), ("stage", point.stage),
          ("channels", configuration.model.channels.map(String.init).joined(separator: "-")),
          (
            "budget",
            configuration.milestones.map(\.description).joined(separator: " and ")
              + (configuration.quiet.map { ", quiet by windows of \($0.window)" } ?? "")
          ),
        ]
        + TrainerSetting.all.filter(\.changesTraining).map { setting in
          let text = setting.text(in: configuration.trainer)
          return (setting.key, Double(text).map(NumberText.shortest) ?? text)
        }
    }
  }

  /// A unique name for each series of a data set: `n = 32` and the facts that differ.
  ///
  /// Series without a different fact are numbered.
  static func labels(of series: [Facts]) -> [String] { numbered(names(of: series), of: series) }

  /// The same without numbers: series without a different fact have the same name.
  static func names(of series: [Facts]) -> [String] {
    zip(series, distinctions(of: series)).map { facts, distinction in
      "n = \(facts.values[0].text)" + (distinction.isEmpty ? "" : ", \(distinction)")
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
      (varying[facts.dataset] ?? []).map { "\(facts.values[$0].name) = \(facts.values[$0].text)" }
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
