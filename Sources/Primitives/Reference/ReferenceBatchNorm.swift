/// Batch norm over the last axis in double: what ``BatchNorm`` is checked against.
package struct ReferenceBatchNorm {
  private let channels: Int
  private let epsilon: Double

  /// A batch norm of `[elements, channels]` for any number of elements.
  package init(channels: Int, epsilon: Double) {
    self.channels = channels
    self.epsilon = epsilon
  }

  /// The per-channel mean and biased variance of a source.
  package func statistics(src: [Double]) -> (mean: [Double], variance: [Double]) {
    let elements = Double(src.count / channels)
    var mean = [Double](repeating: 0, count: channels)
    var variance = mean
    for (index, value) in src.enumerated() { mean[index % channels] += value / elements }
    for (index, value) in src.enumerated() {
      let deviation = value - mean[index % channels]
      variance[index % channels] += deviation * deviation / elements
    }
    return (mean, variance)
  }

  /// The destination for given statistics, the batch's or the running ones.
  package func forward(
    src: [Double], scale: [Double], shift: [Double], mean: [Double], variance: [Double]
  ) -> [Double] {
    src.enumerated().map { index, value in
      let channel = index % channels
      return (value - mean[channel]) / (variance[channel] + epsilon).squareRoot()
        * scale[channel] + shift[channel]
    }
  }

  /// The gradients with respect to source, scale and shift under batch statistics.
  package func backward(
    src: [Double], scale: [Double], diffDst: [Double]
  ) -> (src: [Double], scale: [Double], shift: [Double]) {
    let (mean, variance) = statistics(src: src)
    let elements = Double(src.count / channels)
    let deviation = variance.map { ($0 + epsilon).squareRoot() }
    var diffScale = [Double](repeating: 0, count: channels)
    var diffShift = diffScale
    for (index, diff) in diffDst.enumerated() {
      let channel = index % channels
      diffShift[channel] += diff
      diffScale[channel] += diff * (src[index] - mean[channel]) / deviation[channel]
    }
    let diffSrc = diffDst.enumerated().map { index, diff in
      let channel = index % channels
      let normalized = (src[index] - mean[channel]) / deviation[channel]
      return scale[channel] / deviation[channel]
        * (diff - diffShift[channel] / elements - normalized * diffScale[channel] / elements)
    }
    return (diffSrc, diffScale, diffShift)
  }
}
