import Trials

extension FrontComparison {
  /// The comparison for people, ending with a line feed.
  package var text: String {
    var text = "A  \(sideA.words)\nB  \(sideB.words)\n"
    for pair in pairs { text += "\n" + pair.text }
    if pairs.isEmpty {
      text +=
        "\nNothing to compare: no data set of both has a narrowing trial that kept its tolerance.\n"
    }
    if !unpaired.isEmpty {
      text += "\nwithout a counterpart\n" + unpaired.map { "  \($0)\n" }.joined()
    }
    return text
  }
}

extension FrontComparison.Side {
  /// `quickstart, 18 of 18 trials complete`.
  fileprivate var words: String { "\(sweep), \(complete) of \(trials) trials complete" }
}

extension FrontComparison.Pair {
  fileprivate var text: String {
    var lines = [dataset, "  A  \(labelA)", "  B  \(labelB)"]
    let header = ["tolerance", "gates open, A", "B", "fewer"]
    let cells = rows.map { row in
      [
        NumberText.compact(row.tolerance), Self.gates(row.gatesA), Self.gates(row.gatesB),
        row.winner?.uppercased() ?? "",
      ]
    }
    lines += FrontTable.aligned([header] + cells).split(separator: "\n").map { "  \($0)" }
    if let area { lines.append("  " + area) }
    lines.append("  " + verdict)
    return lines.joined(separator: "\n") + "\n"
  }

  private static func gates(_ spread: Spread?) -> String {
    spread?.text { NumberText.compact($0, upTo: 1) } ?? "–"
  }

  /// `area under the front over tolerances 3 to 30: A 227.34, B 245.7 gates × τ`; nil without one.
  private var area: String? {
    guard let fromTolerance, let toTolerance, fromTolerance < toTolerance, let areaA, let areaB
    else { return nil }
    func text(_ spread: Spread) -> String { spread.text { NumberText.compact($0) } }
    return "area under the front over tolerances \(NumberText.compact(fromTolerance)) to "
      + "\(NumberText.compact(toTolerance)): A \(text(areaA)), B \(text(areaB)) gates × τ"
  }

  /// `mean over tolerances 3 to 30: A 8.42, B 9.1: A keeps fewer gates, in every replicate`.
  private var verdict: String {
    guard let fromTolerance, let toTolerance, let meanGatesA, let meanGatesB else {
      return "no tolerance that lies within what both have kept"
    }
    func mean(_ spread: Spread) -> String { spread.text { NumberText.compact($0) } }
    let place =
      "mean over tolerances \(NumberText.compact(fromTolerance)) to "
      + "\(NumberText.compact(toTolerance)): A \(mean(meanGatesA)), B \(mean(meanGatesB)): "
    guard let winner else { return place + "no difference" }
    let count = min(meanGatesA.count, meanGatesB.count)
    let weight =
      switch (count, isBeyondSpread) {
      case (..<2, _): "but without replicates of both, chance is not told from a difference"
      case (_, true): "in every replicate"
      default: "but the replicates' ranges overlap"
      }
    return place + "\(winner.uppercased()) keeps fewer gates, \(weight)"
  }
}
