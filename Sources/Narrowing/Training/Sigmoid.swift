import Foundation

/// The logistic function and its integral, without overflow.
enum Sigmoid {
  /// σ(x) = 1 / (1 + exp(−x)).
  static func value(_ x: Double) -> Double {
    if x >= 0 { return 1 / (1 + exp(-x)) }
    let exponential = exp(x)
    return exponential / (1 + exponential)
  }

  /// softplus(x) = ln(1 + exp(x)), whose derivative is σ(x).
  static func softplus(_ x: Double) -> Double {
    max(x, 0) + log1p(exp(-abs(x)))
  }
}
