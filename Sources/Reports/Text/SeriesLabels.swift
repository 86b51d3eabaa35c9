import Trials

/// Names for series of grid points: what sets each apart from the others of its data set.
enum SeriesLabels {
  /// What can set one series apart from another.
  struct Facts {
    /// The images.
    let dataset: Dataset
    /// Names and values, the same names in the same order for every series; n first.
    let values: [(name: String, text: String)]

    /// The facts of a series that a grid point belongs to.
    ///
    /// - Parameter reports: What trials reported last, from which a measured n is known.
    init(of point: GridPoints.Point, in reports: [TrialID: MilestoneReport]) {
      let configuration = point.configuration
      dataset = configuration.dataset
      let used = point.trials[0].configurationUsed(in: reports)
      let latents =
        (try? used.resolvedLatents()).map(String.init)
        ?? configuration.model.latents.parentOutput.map(TrialRecords.text) ?? ""
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
        + TrainerSetting.all.map { setting in
          let text = setting.text(in: configuration.trainer)
          return (setting.key, Double(text).map(NumberText.shortest) ?? text)
        }
    }
  }

  /// A name for each series, different from the others of its data set.
  ///
  /// `n = 32`, and whatever differs. What no fact sets apart is numbered.
  static func labels(of series: [Facts]) -> [String] { numbered(names(of: series), of: series) }

  /// The same without numbers: what no fact sets apart has one name.
  static func names(of series: [Facts]) -> [String] {
    zip(series, distinctions(of: series)).map { facts, distinction in
      "n = \(facts.values[0].text)" + (distinction.isEmpty ? "" : ", \(distinction)")
    }
  }

  /// What sets each series apart from the others of its data set besides n; empty where n does, or
  /// nothing.
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

  /// Adds a number to every text that came before with the same data set.
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
