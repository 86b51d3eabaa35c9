import CKernels

/// A strided 2-D convolution on NHWC images with bias and leaky ReLU, fused with the batch norms
/// before and behind it.
///
/// The kernels process image by image: normalise into scratch memory, convolve, take the moments.
/// So the data between two activations stays in cache. They read a packed copy of the weights: call
/// ``updateWeights(from:)`` after every change.
package final class Convolution {
  /// The extents.
  package let geometry: ConvolutionGeometry

  private let context: ComputeContext
  private let leakySlope: Float
  private var shape: ck_convolution
  /// Elements of the packed weights.
  private let packedCount: Int
  private let forwardWeights: AlignedBuffer<Float>
  private let dataWeights: AlignedBuffer<Float>
  private let weightsGradient: AlignedBuffer<Float>
  private let biasGradient: AlignedBuffer<Double>

  /// Creates the operation for images of at most 66 rows with padding, stride 2 and kernels of at
  /// most 4 rows.
  package init(_ context: ComputeContext, _ geometry: ConvolutionGeometry, leakySlope: Float) {
    geometry.requireSupport()
    self.context = context
    self.geometry = geometry
    self.leakySlope = leakySlope
    shape = geometry.shape
    packedCount = context.forwardPackedCount(geometry)
    forwardWeights = AlignedBuffer(count: packedCount)
    dataWeights = AlignedBuffer(count: context.transposedPackedCount(geometry))
    let parts = Int(shape.end_part)
    weightsGradient = AlignedBuffer(count: parts * packedCount)
    biasGradient = AlignedBuffer(count: parts * geometry.outputChannels)
    context.reserveScratchpad(for: geometry)
  }

  /// Copies new weights, `[outputChannels, inputChannels, kernelSize, kernelSize]`.
  package func updateWeights(from weights: UnsafePointer<Float>) {
    context.kernels.pack_forward(&shape, weights, forwardWeights.start)
    context.kernels.pack_backward(&shape, weights, dataWeights.start)
  }

  /// Computes dst, the leaky ReLU of bias plus convolution.
  ///
  /// - Parameters:
  ///   - dst: Overwritten.
  ///   - norm: The batch norm behind; if given, its moments are taken.
  package func forward(
    src: NormalizedImages, bias: UnsafePointer<Float>, dst: UnsafeMutablePointer<Float>,
    measuring norm: BatchNorm? = nil
  ) {
    withOptionalPointer(src.coefficients?.pass) { coefficients in
      withOptionalPointer(norm?.moments) { moments in
        context.shareParts(of: shape) { shape, thread in
          context.kernels.convolution_forward(
            shape, src.images, coefficients, forwardWeights.start, bias, leakySlope, dst, moments,
            context.scratch(thread))
        }
      }
    }
    norm?.addMomentParts()
  }

  /// Computes the gradients with respect to weights, bias and source.
  ///
  /// - Parameters:
  ///   - src: As in the forward direction.
  ///   - diffDst: Gradient of the loss with respect to the output of the batch norm behind.
  ///   - through: The batch norm behind, with its gradients updated, and the operation's output.
  ///   - diffWeights: In the weights' own order; overwritten, not accumulated.
  ///   - diffBias: Overwritten.
  ///   - diffSrc: Gradient with respect to the (normalised) source; overwritten if given.
  ///   - before: The batch norm before; if given, the sums of diffSrc are taken.
  package func backward(
    src: NormalizedImages, diffDst: UnsafePointer<Float>, through: NormSource,
    diffWeights: UnsafeMutablePointer<Float>, diffBias: UnsafeMutablePointer<Float>,
    diffSrc: UnsafeMutablePointer<Float>?, measuring before: NormSource? = nil
  ) {
    let pass = through.norm.gradientPass(src: through.src)
    withOptionalPointer(src.coefficients?.pass) { coefficients in
      withOptionalPointer(before.map { $0.norm.gradientSums(src: $0.src) }) { sums in
        withUnsafePointer(to: pass) { pass in
          context.shareParts(of: shape) { shape, thread in
            context.kernels.convolution_backward(
              shape, src.images, coefficients, diffDst, pass, dataWeights.start,
              weightsGradient.start, biasGradient.start, diffSrc, sums, context.scratch(thread))
          }
        }
      }
    }
    before?.norm.addGradientParts()
    context.addParts(weightsGradient.start, of: shape, count: packedCount)
    context.kernels.unpack_gradient(&shape, weightsGradient.start, diffWeights)
    for channel in 0..<geometry.outputChannels {
      diffBias[channel] = Float(
        biasGradient.start.sum(ofParts: Int(shape.end_part), geometry.outputChannels, channel))
    }
  }
}

extension UnsafeMutablePointer<Double> {
  /// The sum over the parts of a batch, in order, of element `index`; each part has `count`
  /// elements.
  func sum(ofParts parts: Int, _ count: Int, _ index: Int) -> Double {
    var sum = self[index]
    for part in 1..<max(parts, 1) { sum += self[part * count + index] }
    return sum
  }
}

/// Calls `body` with a pointer to the value, or with nil for nil.
func withOptionalPointer<Value>(_ value: Value?, _ body: (UnsafePointer<Value>?) -> Void) {
  if let value {
    withUnsafePointer(to: value) { body($0) }
  } else {
    body(nil)
  }
}
