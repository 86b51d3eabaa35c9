/// A linear layer in double: what ``Linear`` is checked against.
package struct ReferenceLinear {
  private let batch: Int
  private let inputs: Int
  private let outputs: Int

  /// From `[batch, inputs]` to `[batch, outputs]` with weights `[outputs, inputs]`.
  package init(batch: Int, inputs: Int, outputs: Int) {
    self.batch = batch
    self.inputs = inputs
    self.outputs = outputs
  }

  /// The destination of a source.
  package func forward(src: [Double], weights: [Double], bias: [Double]) -> [Double] {
    var dst: [Double] = []
    for row in 0..<batch {
      for output in 0..<outputs {
        var sum = bias[output]
        for input in 0..<inputs {
          sum += src[row * inputs + input] * weights[output * inputs + input]
        }
        dst.append(sum)
      }
    }
    return dst
  }

  /// The gradients with respect to source, weights and bias.
  package func backward(
    src: [Double], weights: [Double], diffDst: [Double]
  ) -> (src: [Double], weights: [Double], bias: [Double]) {
    var diffSrc = [Double](repeating: 0, count: batch * inputs)
    var diffWeights = [Double](repeating: 0, count: outputs * inputs)
    var diffBias = [Double](repeating: 0, count: outputs)
    for row in 0..<batch {
      for output in 0..<outputs {
        let diff = diffDst[row * outputs + output]
        diffBias[output] += diff
        for input in 0..<inputs {
          diffSrc[row * inputs + input] += diff * weights[output * inputs + input]
          diffWeights[output * inputs + input] += diff * src[row * inputs + input]
        }
      }
    }
    return (diffSrc, diffWeights, diffBias)
  }
}
