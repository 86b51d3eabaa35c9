/// A direct 2-D convolution in double: what ``Convolution`` is checked against.
///
/// Layouts are those of ``ConvolutionGeometry``; no bias.
package struct ReferenceConvolution {
  /// The extents.
  package let geometry: ConvolutionGeometry

  /// A convolution of the given extents.
  package init(_ geometry: ConvolutionGeometry) {
    self.geometry = geometry
  }

  /// The destination of a source.
  package func forward(src: [Double], weights: [Double]) -> [Double] {
    var dst = [Double](repeating: 0, count: geometry.outputCount)
    forEachProduct { source, weight, destination in
      dst[destination] += src[source] * weights[weight]
    }
    return dst
  }

  /// The gradient with respect to the source.
  package func backwardData(diffDst: [Double], weights: [Double]) -> [Double] {
    var diffSrc = [Double](repeating: 0, count: geometry.inputCount)
    forEachProduct { source, weight, destination in
      diffSrc[source] += diffDst[destination] * weights[weight]
    }
    return diffSrc
  }

  /// The gradient with respect to the weights.
  package func backwardWeights(src: [Double], diffDst: [Double]) -> [Double] {
    var diffWeights = [Double](repeating: 0, count: geometry.weightCount)
    forEachProduct { source, weight, destination in
      diffWeights[weight] += src[source] * diffDst[destination]
    }
    return diffWeights
  }

  /// Calls `body` with the indices of source, weight and destination of every multiplication.
  private func forEachProduct(_ body: (Int, Int, Int) -> Void) {
    let g = geometry
    for image in 0..<g.batch {
      for row in 0..<g.outputSize {
        for column in 0..<g.outputSize {
          let pixel = (image * g.outputSize + row) * g.outputSize + column
          for kernelRow in 0..<g.kernelSize {
            let y = row * g.stride + kernelRow - g.padding
            guard y >= 0, y < g.inputSize else { continue }
            for kernelColumn in 0..<g.kernelSize {
              let x = column * g.stride + kernelColumn - g.padding
              guard x >= 0, x < g.inputSize else { continue }
              let source = ((image * g.inputSize + y) * g.inputSize + x) * g.inputChannels
              let tap = kernelRow * g.kernelSize + kernelColumn
              let area = g.kernelSize * g.kernelSize
              for output in 0..<g.outputChannels {
                for input in 0..<g.inputChannels {
                  body(
                    source + input, (output * g.inputChannels + input) * area + tap,
                    pixel * g.outputChannels + output)
                }
              }
            }
          }
        }
      }
    }
  }
}
