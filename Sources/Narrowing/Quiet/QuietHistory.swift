/// Running totals of a training at the ends of some of its epochs, from which the mean over a long
/// time that ends now can be told.
///
/// At most ``countMaximum`` samples are kept, whatever the length of the training: when there are
/// more, every second one goes. Which epochs are kept follows from the number of epochs alone, so
/// neither steps nor strides are part of the state.
package struct QuietHistory: Hashable, Sendable {
  /// Totals over all steps taken.
  package struct Totals: Hashable, Sendable {
    /// Σ C_ma.
    package var constraint = 0.0
    /// Σ ‖ν‖₀.
    package var open = 0
    /// How often a gate has opened or closed.
    package var changes = 0
  }

  /// The most samples kept.
  package static let countMaximum = 512

  /// The totals after epoch 0, that is before the first step, and after every ``stride(_:)``-th one.
  package private(set) var samples = [Totals()]
  /// Epochs that were taken in.
  private var epochs = 0

  /// A history before the first step.
  package init() {}

  /// A history that was saved after a number of epochs; nil when their count is another.
  package init?(samples: [Totals], epochs: Int) {
    guard samples.count == Self.count(epochs), samples[0] == Totals() else { return nil }
    self.samples = samples
    self.epochs = epochs
  }

  /// How many epochs lie between two samples after a number of epochs.
  package static func stride(_ epochs: Int) -> Int {
    var stride = 1
    while epochs / stride >= countMaximum { stride *= 2 }
    return stride
  }

  /// How many samples there are after a number of epochs.
  package static func count(_ epochs: Int) -> Int { epochs / stride(epochs) + 1 }

  /// Takes in the totals at the end of the next epoch.
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

  /// The last sample that is of a step or an earlier one.
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
