import Foundation
import Trials

/// `figure1.tex`: Figure 1 for pgfplots, which reads `trajectories/<trial>.csv`.
struct Figure1Source {
  /// The trial.
  let trial: RecordedTrial
  /// Its samples.
  let trajectory: TrajectoryTable
  /// The mark of an unfinished report.
  let banner: String?
  /// The numbers of images of the sweep's data sets.
  let counts: ImageCounts
  /// The file's name without its ending.
  let file: String

  /// A curve of a panel: its column, its options and its name in the legend.
  private typealias Curve = (column: String, options: String, name: String?)

  /// The file's bytes.
  var tex: Data {
    let title = trial.figure1Title(counts) + (banner.map { " (\($0))" } ?? "")
    var text =
      TeXText.head("\(title), trial \(trial.planned.id)", file: file, libraries: ["groupplots"])
        + """
        \\begin{tikzpicture}
        \\begin{groupplot}[
          group style={group size=1 by 5, vertical sep=8pt, xticklabels at=edge bottom,
            xlabels at=edge bottom},
          width=0.84\\linewidth, height=0.17\\linewidth, scale only axis, xlabel={batch number},
          enlarge x limits=false, scaled x ticks=false,
          xticklabel style={/pgf/number format/fixed}, unbounded coords=jump, no markers, grid=major,
          grid style={black!10}, label style={font=\\small},
          tick label style={font=\\footnotesize}, filter discard warning=false,
          legend style={font=\\footnotesize, draw=none, fill=white, fill opacity=0.8,
            text opacity=1, legend columns=-1},
          table/col sep=comma, table/x=step]

        """
    let rungs = trial.shownRungs.filter { $0.tolerance > 0 }
    let errors: [Double] =
      (trajectory.numbers("mse") + trajectory.numbers("squared_error"))
      .filter(Axis.hasLogarithm) + rungs.map(\.tolerance)
    var lines: [Curve] = [
      ("squared_error", "sweep5", "batch"), ("mse", "sweep0, thick", "moving average"),
    ]
    text += panel(
      "MSE", isLogarithmic: Figure1Drawing.isLogarithmic(errors),
      options: "title={\(TeXText.label(title))}, title style={font=\\small}", lines)
    text += levels(of: rungs)
    text += panel(
      "tolerance hits", options: "ymin=-0.04, ymax=1.04", [("tolerance_hits", "sweep2", nil)])
    let multipliers = trajectory.numbers("multiplier").filter(Axis.hasLogarithm)
    text += panel(
      "multiplier $\\lambda'$", isLogarithmic: Figure1Drawing.isLogarithmic(multipliers),
      [("multiplier", "sweep3, thick", nil)])
    lines = [
      ("gates_open", "sweep0, thick, const plot", "$\\Vert\\nu\\Vert_0$"),
      ("expected_open", "sweep4, dashed", "$\\sum\\sigma(k\\gamma)$"),
    ]
    text += panel("open gates", options: "ymin=0", lines)
    text += panel(
      "$\\sigma(k\\gamma)$", options: "ymin=-0.04, ymax=1.04",
      (0..<trajectory.gateCount).map { ("gate_\($0)", "sweep0, opacity=0.45, very thin", nil) })
    return Data((text + "\\end{groupplot}\n\\end{tikzpicture}%\n").utf8)
  }

  /// The tolerance as a dashed line; of a traced run one for each tolerance, while it applied.
  private func levels(of rungs: [RecordedTrial.ShownRung]) -> String {
    guard !rungs.isEmpty else { return "" }
    let steps = trajectory.numbers("step")
    let starts = [steps.first ?? 0] + rungs.dropFirst().map { Double($0.beginning) }
    let ends = Array(starts.dropFirst()) + [steps.last ?? 1]
    var text = ""
    for (index, rung) in rungs.enumerated() {
      // The legend has one entry for all of them.
      let options = index + 1 < rungs.count ? "sweep1, dashed, forget plot" : "sweep1, dashed"
      let points = [starts[index], ends[index]].map {
        "(\(NumberText.shortest($0)),\(NumberText.shortest(rung.tolerance)))"
      }
      text += "\\addplot[\(options)] coordinates {\(points.joined(separator: " "))};\n"
    }
    return text + "\\addlegendentry{$\\tau$}\n"
  }

  private func panel(
    _ label: String, isLogarithmic: Bool = false, options: String = "", _ curves: [Curve]
  ) -> String {
    let all =
      ["ylabel={\(label)}"] + (isLogarithmic ? ["ymode=log"] : [])
      + (options.isEmpty ? [] : [options])
    var text = "\\nextgroupplot[\(all.joined(separator: ", "))]\n"
    // Not an option of the axis, where it would take away an end of the line of a tolerance.
    let each = max(1, trajectory.rows.count / Figure1Drawing.fineSampleCount)
    for curve in curves {
      text +=
        "\\addplot[\(curve.options), each nth point={\(each)}] table[y=\(curve.column)] "
        + "{\\sweepfolder/trajectories/\(trial.planned.id).csv};\n"
      if let name = curve.name { text += "\\addlegendentry{\(name)}\n" }
    }
    return text
  }
}
