import Foundation

/// One axis of a plot: its range of numbers and their positions in pixels.
struct Axis {
  /// A marked number.
  struct Tick: Hashable {
    var value: Double
    var label: String
  }

  /// The number at the start of the axis.
  let lower: Double
  /// The number at its end.
  let upper: Double
  /// Whether the scale is logarithmic.
  let isLogarithmic: Bool
  /// The pixel of `lower`.
  let start: Double
  /// The pixel of `upper`.
  let end: Double
  /// The numbers to mark.
  let ticks: [Tick]

  /// The largest number on an axis; its inverse is the smallest on a logarithmic one.
  private static let maximum = 1e100

  /// Whether a logarithmic axis can show a number.
  static func hasLogarithm(_ value: Double) -> Bool { (1 / maximum...maximum).contains(value) }

  /// A linear axis that starts at a round number at or below the smallest value.
  ///
  /// - Parameters:
  ///   - tickCount: The approximate number of ticks.
  ///   - label: The text of a tick; by default with as many decimals as the tick distance needs.
  static func linear(
    _ values: ClosedRange<Double>, from start: Double, to end: Double, tickCount: Int = 6,
    wholeTicks: Bool = false, label: ((Double) -> String)? = nil
  ) -> Axis {
    let values = values.clamped(to: -maximum...maximum)
    // At least the floating-point spacing of numbers of this size.
    let size = max(abs(values.lowerBound), abs(values.upperBound))
    let span = max(values.upperBound - values.lowerBound, 1e-12, 1e-13 * size)
    var step = niceStep(atLeast: span / Double(max(tickCount, 1)))
    if wholeTicks { step = max(step, 1) }
    let decimals = max(0, Int((-log10(step)).rounded(.up)))
    let first = (values.lowerBound / step).rounded(.up)
    let last = (values.upperBound / step + 1e-9).rounded(.down)
    // There are no ticks if the distance is below the floating-point spacing.
    let isDivisible = max(abs(first), abs(last)) < 1e15
    let indices = isDivisible ? Int(first)...max(Int(first), Int(last)) : nil
    let ticks = (indices.map(Array.init) ?? []).map { index in
      let value = Double(index) * step
      return Tick(value: value, label: label?(value) ?? NumberText.fixed(value, decimals))
    }
    return Axis(
      lower: values.lowerBound, upper: values.lowerBound + span, isLogarithmic: false,
      start: start, end: end, ticks: ticks)
  }

  /// A logarithmic axis; the values must be positive.
  static func logarithmic(
    _ values: ClosedRange<Double>, from start: Double, to end: Double
  ) -> Axis {
    let values = values.clamped(to: 1 / maximum...maximum)
    let (lower, upper) = (values.lowerBound, max(values.upperBound, values.lowerBound * 1.5))
    let decades = log10(upper / lower)
    let mantissas: [Double] = decades > 3 ? [1] : decades > 1.5 ? [1, 3] : [1, 2, 5]
    let stride = decades > 7 ? 2 : 1
    var ticks: [Tick] = []
    for exponent in Int(log10(lower).rounded(.down))...Int(log10(upper).rounded(.up)) {
      guard exponent.isMultiple(of: stride) else { continue }
      for mantissa in mantissas {
        let value = mantissa * pow(10, Double(exponent))
        guard value >= lower * (1 - 1e-9), value <= upper * (1 + 1e-9) else { continue }
        ticks.append(Tick(value: value, label: logarithmicLabel(value, mantissa, exponent)))
      }
    }
    return Axis(
      lower: lower, upper: upper, isLogarithmic: true, start: start, end: end, ticks: ticks)
  }

  /// The pixel of a number; numbers outside the axis are clamped to its ends.
  func position(of value: Double) -> Double {
    let clamped = min(max(value, lower), upper)
    let share =
      isLogarithmic
      ? log(clamped / lower) / log(upper / lower) : (clamped - lower) / (upper - lower)
    return start + share * (end - start)
  }

  /// 1, 2 or 5 times a power of ten.
  private static func niceStep(atLeast step: Double) -> Double {
    let power = pow(10, log10(step).rounded(.down))
    for factor in [1.0, 2, 5] where factor * power >= step * (1 - 1e-9) { return factor * power }
    return 10 * power
  }

  private static func logarithmicLabel(
    _ value: Double, _ mantissa: Double, _ exponent: Int
  ) -> String {
    if (-2...4).contains(exponent) { return NumberText.compact(value, upTo: max(0, -exponent)) }
    let superscripts = Array("⁰¹²³⁴⁵⁶⁷⁸⁹")
    let power =
      (exponent < 0 ? "⁻" : "")
      + String(String(abs(exponent)).compactMap { $0.wholeNumberValue.map { superscripts[$0] } })
    return mantissa == 1 ? "10\(power)" : "\(NumberText.compact(mantissa))·10\(power)"
  }
}
