/// Running totals at the ends of some epochs, from which the mean over a long window that ends now
/// is computed.
///
/// At most ``countMaximum`` samples are kept: beyond that, every second one is dropped. Which
/// epochs are kept depends only on the number of epochs, so steps and strides are not part of the
/// state.
package struct QuietHistory: Hashable, Sendable {
  /// Totals over all steps taken.
  package struct Totals: Hashable, Sendable {
    /// Σ C_ma.
    package var constraint = 0.0
    /// Σ ‖ν‖₀.
    package var open = 0
    /// The number of times that a gate has opened or closed.
    package var changes = 0
  }

  /// The most samples kept.
  package static let countMaximum = 512

  /// The totals before the first step, and after every ``stride(_:)``-th epoch.
  package private(set) var samples = [Totals()]
  /// Epochs appended.
  private var epochs = 0

  /// A history before the first step.
  package init() {}

  /// A history saved after a number of epochs; nil if the samples' number does not match.
  package init?(samples: [Totals], epochs: Int) {
    guard samples.count == Self.count(epochs), samples[0] == Totals() else { return nil }
    self.samples = samples
    self.epochs = epochs
  }

  /// The epochs between two samples after a number of epochs.
  package static func stride(_ epochs: Int) -> Int {
    var stride = 1
    while epochs / stride >= countMaximum { stride *= 2 }
    return stride
  }

  /// The number of samples after a number of epochs.
  package static func count(_ epochs: Int) -> Int { epochs / stride(epochs) + 1 }

  /// Appends the totals at the end of the next epoch.
  mutating func append(_ totals: Totals) {
    let former = Self.stride(epochs)
    epochs += 1
    let stride = Self.stride(epochs)
    if stride > former {
      samples = samples.enumerated().filter { ($0.offset * former).isMultiple(of: stride) }
        .map(\.element)
    }
    if epochs.isMultiple(of: stride) { samples.append(totals) }
  }

  /// The last sample at or before a step.
  ///
  /// - Parameters:
  ///   - step: 0 or more.
  ///   - epochSteps: Steps of an epoch.
  func sample(atOrBefore step: Int, epochSteps: Int) -> (step: Int, totals: Totals) {
    let stride = Self.stride(epochs)
    let index = min(step / epochSteps / stride, samples.count - 1)
    return (index * stride * epochSteps, samples[index])
  }
}
