import Foundation
import Trials

/// `table1.md` and `table1.tex`: Table I in the paper's layout, with this sweep's and the paper's
/// numbers; a dash for a missing number.
extension Table1 {
  /// One line of cells: data set, n, two MSEs, 2n, this sweep's columns, the paper's columns.
  private func cells(of row: Row, isFirstOfDataset: Bool) -> [String] {
    let dash = "–"
    return [
      isFirstOfDataset ? counts.title(of: row.dataset) : "",
      String(row.latents) + (row.series.isEmpty ? "" : ", \(row.series)"),
      row.baselineMSE?.text { NumberText.fixed($0, 2) } ?? dash,
      row.published.map { NumberText.fixed($0.mse, 2) } ?? dash, String(row.provisioned),
    ]
      + budgets.map { budget in
        row.gatesOpen[budget].map {
          $0.text { NumberText.compact($0, upTo: 1) }
            + (row.unmet.contains(budget) ? Self.mark : "")
            + (row.ended?.contains(budget) == true ? Self.endMark : "")
        } ?? dash
      }
      + PublishedResults.table1Budgets.indices.map { column in
        row.published.map { String($0.gatesOpen[column]) } ?? dash
      }
  }

  /// The mark of gates of a run that had not kept its tolerance.
  private static let mark = "†"
  /// The mark of gates of a run that had ended before.
  private static let endMark = "‡"

  private var lines: [(isFirstOfDataset: Bool, cells: [String])] {
    rows.enumerated().map { index, row in
      let isFirst = index == 0 || rows[index - 1].dataset != row.dataset
      return (isFirst, cells(of: row, isFirstOfDataset: isFirst))
    }
  }

  /// A milestone as a column heading: `200K` for batches, `100 epochs`.
  private static func heading(_ budget: Budget) -> String {
    switch budget {
    case .batches(let count): NumberText.count(count)
    case .epochs(let count): "\(NumberText.count(count)) epochs"
    }
  }

  /// `table1.md`.
  var markdown: Data {
    var text = "# \(Self.markdownEscaped(head.name)): Table I\n\n"
    if let banner { text += "**\(banner)**\n\n" }
    let columns =
      ["data set", "n", "MSE", "MSE (paper)", "2n"]
      + budgets.map { "‖ν‖₀ at \(Self.heading($0))" }
      + PublishedResults.table1Budgets.map { "paper at \(Self.heading($0))" }
    text += "| " + columns.joined(separator: " | ") + " |\n"
    text += "| --- |" + String(repeating: " ---: |", count: columns.count - 1) + "\n"
    if let emptiness { text += "\n\(Self.capitalized(emptiness)).\n" }
    for line in lines { text += "| " + line.cells.joined(separator: " | ") + " |\n" }
    text += """

      MSE: moving average of the summed squared error per training image of the baseline with n \
      dimensions; it is the tolerance of the run with 2n. ‖ν‖₀: gates open in that run after so \
      many batches. Replicates: median (least–most).\(hasUnmet ? " \(Self.mark): \(Self.unmetWords)." : "")\(hasEnded ? " \(Self.endMark): \(Self.endedWords)." : "")\(notes.map { " Sets marked \($0)." }.joined())

      """
    return Data(text.utf8)
  }

  /// `table1.tex`: a `table` environment; needs the package booktabs.
  var latex: Data {
    let headings = budgets.isEmpty ? [""] : budgets.map(Self.heading)
    let ours = headings.count
    let published = PublishedResults.table1Budgets.count
    var text = """
      % Needs \\usepackage{booktabs}.
      \\begin{table}
        \\centering
        \\caption{Baseline MSE, and gates left open of twice as many dimensions when that MSE is \
      the tolerance\(latexNote).}
        \\begin{tabular}{lrrrr\(String(repeating: "r", count: ours + published))}
          \\toprule
          & & \\multicolumn{2}{c}{MSE} & & \\multicolumn{\(ours)}{c}{$\\|\\nu\\|_0$} \
      & \\multicolumn{\(published)}{c}{$\\|\\nu\\|_0$ (paper)} \\\\
          \\cmidrule(lr){3-4} \\cmidrule(lr){6-\(5 + ours)} \
      \\cmidrule(lr){\(6 + ours)-\(5 + ours + published)}

      """
    let columns =
      ["Data set", "$n$", "ours", "paper", "$2n$"]
      + headings + PublishedResults.table1Budgets.map(Self.heading)
    text += "    " + columns.joined(separator: " & ") + " \\\\\n    \\midrule\n"
    if let emptiness {
      let count = columns.count
      text +=
        "    \\multicolumn{\(count)}{p{\\linewidth}}{\(TeXText.escaped(Self.capitalized(emptiness))).} \\\\\n"
    }
    for (index, line) in lines.enumerated() {
      if line.isFirstOfDataset, index > 0 { text += "    \\addlinespace\n" }
      text += "    " + line.cells.map(TeXText.escaped).joined(separator: " & ") + " \\\\\n"
    }
    text += """
          \\bottomrule
        \\end{tabular}
      \\end{table}

      """
    return Data(text.utf8)
  }

  private static let unmetWords =
    "the run's error stood more than \(Int(Tolerance.slack * 100)) % above its tolerance"

  private static let endedWords =
    "the run had ended before by its rule, and the gates are those of its end"

  private var hasEnded: Bool { rows.contains { $0.ended?.isEmpty == false } }

  private var hasUnmet: Bool {
    rows.contains { row in row.unmet.contains { row.gatesOpen[$0] != nil } }
  }

  /// The meanings of the marks beside data sets, each to follow "sets marked".
  private var notes: [String] {
    let marked = rows.filter { counts.remark(on: $0.dataset) != nil }
    var notes: [String] = []
    if marked.contains(where: \.dataset.isProcedural) {
      notes.append("(drawn) are pictures that were drawn for this sweep, not published ones")
    }
    if marked.contains(where: { !$0.dataset.isProcedural }) {
      notes.append("with a share are a part of the published images")
    }
    return notes
  }

  private var latexNote: String {
    let spread = rows.contains { ($0.baselineMSE?.count ?? 0) > 1 }
    return (spread ? "; median (least--most) of replicates" : "")
      + (hasUnmet ? "; $\\dagger$: \(TeXText.escaped(Self.unmetWords))" : "")
      + (hasEnded ? "; $\\ddagger$: \(Self.endedWords)" : "")
      + notes.map { "; sets marked \($0)" }.joined()
      + (banner.map { "; \\textbf{\(TeXText.escaped($0))}" } ?? "")
  }

  private static func capitalized(_ sentence: String) -> String {
    sentence.prefix(1).uppercased() + sentence.dropFirst()
  }

  private static func markdownEscaped(_ text: String) -> String {
    text.replacing(scalar: "|", with: "\\|").replacing(scalar: "\n", with: " ")
  }
}
