/// Nearest ×2 upsampling of NHWC images in double, for the check of ``UpsampledConvolution``.
package struct ReferenceUpsampling {
  private let batch: Int
  private let size: Int
  private let channels: Int

  /// From `[batch, size, size, channels]` to `[batch, 2 · size, 2 · size, channels]`.
  package init(batch: Int, size: Int, channels: Int) {
    self.batch = batch
    self.size = size
    self.channels = channels
  }

  /// Copies every pixel to a 2×2 square.
  package func forward(src: [Double]) -> [Double] {
    var dst = [Double](repeating: 0, count: 4 * src.count)
    forEachElement { source, destination in dst[destination] = src[source] }
    return dst
  }

  /// The gradient with respect to the source: the sum over the 2×2 square.
  package func backward(diffDst: [Double]) -> [Double] {
    var diffSrc = [Double](repeating: 0, count: diffDst.count / 4)
    forEachElement { source, destination in diffSrc[source] += diffDst[destination] }
    return diffSrc
  }

  private func forEachElement(_ body: (Int, Int) -> Void) {
    for image in 0..<batch {
      for row in 0..<2 * size {
        for column in 0..<2 * size {
          let source = ((image * size + row / 2) * size + column / 2) * channels
          let destination = ((image * 2 * size + row) * 2 * size + column) * channels
          for channel in 0..<channels { body(source + channel, destination + channel) }
        }
      }
    }
  }
}
