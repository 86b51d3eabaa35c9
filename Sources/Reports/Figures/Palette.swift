/// Colours that the colour-blind can distinguish, also in grey (Okabe and Ito 2008).
enum Palette {
  /// Colours of series, in order of use.
  static let series = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"]
  /// The colour of a series; with its ``Marker``, 24 series are distinct.
  static func ofSeries(_ index: Int) -> String { series[index % series.count] }
  /// Frames and ticks.
  static let frame = "#444444"
  /// Grid lines.
  static let grid = "#e6e6e6"
  /// Secondary text.
  static let quiet = "#666666"
  /// The mark of an unfinished report.
  static let warning = "#b03a00"
}
