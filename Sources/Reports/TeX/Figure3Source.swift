import Foundation
import Trials

/// `figure3.tex`: Figure 3 for pgfplots, which reads `figure3.csv`.
///
/// A series is a range of rows of that file, in which they have the same order.
struct Figure3Source {
  /// The series.
  let front: Front
  /// The file that it reads.
  let csv: Data
  /// The sweep's name.
  let name: String
  /// The mark of an unfinished report.
  let banner: String?
  /// The numbers of images of the sweep's data sets.
  let counts: ImageCounts

  /// The file's bytes.
  var tex: Data {
    var text =
      TeXText.head(
        "\(name): open gates against tolerance" + (banner.map { " (\($0))" } ?? ""),
        file: "figure3")
    // pgfplots takes a comma in a quoted field for the end of the field.
    let isQuoted = csv.contains(UInt8(ascii: "\""))
    text += isQuoted ? Self.unquoting : "\\def\\sweepdata{\\sweepfolder/figure3.csv}\n"
    text += Self.styles
    var row = 0
    var rows: [(series: Front.Series, range: Range<Int>)] = []
    for series in front.series {
      rows.append((series, row..<row + series.points.count))
      row += series.points.count
    }
    var datasets: [Dataset] = []
    for series in front.series where !datasets.contains(series.dataset) {
      datasets.append(series.dataset)
    }
    for dataset in datasets {
      text += panel(of: dataset, rows.filter { $0.series.dataset == dataset })
    }
    return Data(text.utf8)
  }

  private func panel(
    of dataset: Dataset, _ rows: [(series: Front.Series, range: Range<Int>)]
  ) -> String {
    let published = PublishedResults.figure3.filter { $0.dataset == dataset }
    let isLogarithmic = Figure3Drawing.tolerances(of: rows.map(\.series), published: published)
      .isLogarithmic
    var text = """
      \\begin{tikzpicture}
      \\begin{axis}[
        title={\(TeXText.label(counts.title(of: dataset)))}, title style={font=\\small},
        width=0.84\\linewidth, height=0.5\\linewidth, scale only axis,
        xlabel={tolerance $\\tau$ (summed squared error per image)},
        ylabel={open gates $\\Vert\\nu\\Vert_0$}, ymin=0, \(isLogarithmic ? "xmode=log" : "xmin=0"),
        grid=major, grid style={black!10}, label style={font=\\small},
        tick label style={font=\\footnotesize}, legend cell align=left,
        legend style={font=\\footnotesize, draw=none, at={(0.5,-0.2)}, anchor=north},
        filter discard warning=false, unbounded coords=discard,
        table/col sep=comma, table/x=tolerance, table/y=gates_open]

      """
    if !published.isEmpty {
      let points = published.map {
        "(\(NumberText.shortest($0.tolerance)),\($0.gatesOpen))"
      }.joined(separator: " ")
      text += "\\addplot[only marks, mark=o, mark size=3.2pt, black] coordinates {\(points)};\n"
      text += "\\addlegendentry{De Boom et al., $n = 32$, 2000 epochs}\n"
    }
    for (index, entry) in rows.enumerated() {
      let points = entry.series.points
      // Without a result, a row has no numbers.
      guard points.contains(where: { $0.gatesOpen != nil }) else { continue }
      let color = TeXText.color(ofSeries: index)
      let range = "sweep rows={\(entry.range.lowerBound)}{\(entry.range.upperBound - 1)}"
      if points.contains(where: \.isOnFront) {
        text +=
          "\\addplot[\(color), thick, const plot, no markers, \(range), sweep front] "
          + "table {\\sweepdata};\n"
        text += "\\addlegendentry{\(TeXText.label(entry.series.label)), front}\n"
      }
      let hasSpread = points.contains { ($0.gatesOpen?.count ?? 0) > 1 }
      text +=
        "\\addplot[\(color), only marks, scatter, scatter src=explicit symbolic,\n"
        + "  scatter/classes={true={mark=*,\(color)},false={mark=o,\(color)}},\n"
      if hasSpread {
        text +=
          "  error bars/.cd, y dir=both, y explicit, error bar style={\(color)},\n"
          + "  /pgfplots/.cd,\n"
      }
      text += "  \(range), forget plot]\n  table[meta=on_front"
      if hasSpread {
        text +=
          ", y error plus expr=\\thisrow{gates_open_max}-\\thisrow{gates_open},\n"
          + "    y error minus expr=\\thisrow{gates_open}-\\thisrow{gates_open_min}"
      }
      text += "] {\\sweepdata};\n"
    }
    return text + "\\end{axis}\n\\end{tikzpicture}%\n\n"
  }

  /// Keeps the rows of a series, and of these the ones on the front.
  private static let styles = """
    \\pgfplotsset{
      sweep rows/.style 2 args={x filter/.code={%
        \\ifnum\\coordindex<#1 \\def\\pgfmathresult{}\\fi
        \\ifnum\\coordindex>#2 \\def\\pgfmathresult{}\\fi}},
      sweep front/.style={x filter/.append code={%
        \\edef\\sweepcell{\\thisrow{on_front}}\\def\\sweeptrue{true}%
        \\ifx\\sweepcell\\sweeptrue\\else\\def\\pgfmathresult{}\\fi}}}

    """

  /// Copies `figure3.csv` without the texts in quotes, which may have commas; no number is quoted.
  private static let unquoting = """
    % pgfplots takes a comma in quotes for the end of a field, so texts in quotes are left out of a copy.
    \\edef\\sweepdata{\\jobname-figure3.csv}
    \\begingroup
    \\catcode`\\"=12
    \\def\\sweepplain#1"#2"#3\\sweepend{#1\\if\\relax\\detokenize{#3}\\relax\\else
      \\sweepplain#3\\sweepend\\fi}
    \\ifdefined\\sweepin\\else \\newread\\sweepin \\newwrite\\sweepout \\fi
    \\immediate\\openout\\sweepout=\\sweepdata\\relax
    \\openin\\sweepin=\\sweepfolder/figure3.csv\\relax
    \\loop\\unless\\ifeof\\sweepin
      \\endlinechar=-1 \\readline\\sweepin to\\sweepline
      \\ifx\\sweepline\\empty\\else
        \\immediate\\write\\sweepout{\\expandafter\\sweepplain\\sweepline""\\sweepend}%
      \\fi
    \\repeat
    \\closein\\sweepin \\immediate\\closeout\\sweepout
    \\endgroup

    """
}
