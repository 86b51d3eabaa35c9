/// Texts for LaTeX.
enum TeXText {
  /// Signs that figures use and pdfLaTeX does not know as characters.
  private static let signs: [Character: String] = [
    "–": "--", "†": "$^\\dagger$", "‡": "$^\\ddagger$", "×": "$\\times$", "τ": "$\\tau$",
    "λ": "$\\lambda$", "σ": "$\\sigma$", "γ": "$\\gamma$", "ν": "$\\nu$", "Σ": "$\\Sigma$",
    "‖": "$\\Vert$", "₀": "$_0$", "′": "$'$", "≤": "$\\le$", "≥": "$\\ge$", "·": "$\\cdot$",
    "“": "``", "”": "''", "’": "'", "…": "\\dots{}", "−": "$-$",
  ]

  /// A text on one line with LaTeX's special characters escaped.
  static func escaped(_ text: String) -> String {
    var escaped = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\\": escaped += "\\textbackslash{}"
      case "&", "%", "$", "#", "_", "{", "}": escaped += "\\\(scalar)"
      case "~": escaped += "\\textasciitilde{}"
      case "^": escaped += "\\textasciicircum{}"
      default:
        let character = Character(scalar)
        if let sign = signs[character] {
          escaped += sign
        } else if character.isNewline || character.isControl {
          escaped += " "
        } else {
          escaped.unicodeScalars.append(scalar)
        }
      }
    }
    return escaped
  }

  /// The same in ASCII, with a question mark for any other character: pdfLaTeX ends with an error at
  /// a character that its fonts lack.
  static func label(_ text: String) -> String {
    escaped(text).unicodeScalars.map { $0.isASCII ? String($0) : "?" }.joined()
  }

  /// The name and definition of each colour of the palette: `\definecolor{sweep0}{HTML}{0072B2}`.
  static let colors = Palette.series.enumerated().map { index, color in
    "\\definecolor{sweep\(index)}{HTML}{\(color.dropFirst().uppercased())}\n"
  }.joined()

  /// The colour of a series.
  static func color(ofSeries index: Int) -> String { "sweep\(index % Palette.series.count)" }

  /// How a drawing is used, as comments, and the folder that its data are in.
  ///
  /// - Parameters:
  ///   - title: What it shows.
  ///   - file: The file's name without its ending.
  ///   - libraries: The libraries of pgfplots that it needs.
  static func head(_ title: String, file: String, libraries: [String] = []) -> String {
    let uses = libraries.map { " \\usepgfplotslibrary{\($0)}" }.joined()
    return """
      % \(label(title))
      % In the preamble: \\usepackage{pgfplots} \\pgfplotsset{compat=1.18}\(uses)
      % In the text: \\input{\(file)}; if it is in another folder, before it
      % \\newcommand{\\sweepfolder}{folder} and then \\input{folder/\(file)}
      \\providecommand{\\sweepfolder}{.}

      """ + colors
  }
}

extension Character {
  /// Whether it is a control character.
  fileprivate var isControl: Bool {
    unicodeScalars.allSatisfy { $0.properties.generalCategory == .control }
  }
}
