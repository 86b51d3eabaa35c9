import CKernels

/// Nearest ×2 upsampling followed by a 3×3 convolution with padding 1, or a 2×2 one without
/// padding, in the box form, which never stores the upsampled image.
///
/// Because upsampled rows 2i and 2i + 1 are equal, the layer equals a transposed convolution of
/// stride 2 without padding, whose kernel is the layer's rotated by 180 degrees, followed by a sum
/// over each 2×2 square. This takes 9 (4) multiplications per source pixel and channel pair instead
/// of 36 (16). With H rows in the source, the transposed image has 2H + 1 rows (2H for 2×2) and the
/// destination one less.
///
/// The kernels process image by image, as ``Convolution``'s do. They read a packed copy of the
/// weights: call ``updateWeights(from:)`` after every change.
package final class UpsampledConvolution {
  /// Images.
  package let batch: Int
  /// Channels of the source.
  package let inputChannels: Int
  /// Channels of the destination.
  package let outputChannels: Int
  /// H, rows and columns of the source, before upsampling.
  package let inputSize: Int
  /// Rows and columns of the kernel, 3 or 2.
  package let kernelSize: Int
  /// Slope of the leaky ReLU behind; nil for the network's last layer, which has none.
  package let leakySlope: Float?

  private let context: ComputeContext
  /// The strided convolution from the transposed image to the source.
  private let adjoint: ConvolutionGeometry
  /// The layer's own extents.
  private var shape: ck_convolution
  /// The adjoint's extents.
  private var adjointShape: ck_convolution
  /// Elements of the packed weights' gradient.
  private let packedCount: Int
  /// Whether vectors hold pixels in the forward direction, because there are few channels.
  private let isThin: Bool
  private let rotated: AlignedBuffer<Float>
  private let forwardWeights: AlignedBuffer<Float>
  private let dataWeights: AlignedBuffer<Float>
  private let weightsGradient: AlignedBuffer<Float>
  private let biasGradient: AlignedBuffer<Double>

  /// Creates the operation; `kernelSize` is 3 (padding 1) or 2 (padding 0).
  ///
  /// - Parameter leakySlope: Nil leaves the leaky ReLU out; no batch norm follows then.
  package init(
    _ context: ComputeContext, batch: Int, inputChannels: Int, outputChannels: Int,
    inputSize: Int, kernelSize: Int, leakySlope: Float?
  ) {
    precondition(kernelSize == 3 || kernelSize == 2, "the box form is for 3×3 and 2×2 kernels")
    self.context = context
    self.batch = batch
    self.inputChannels = inputChannels
    self.outputChannels = outputChannels
    self.inputSize = inputSize
    self.kernelSize = kernelSize
    self.leakySlope = leakySlope
    adjoint = ConvolutionGeometry(
      batch: batch, inputChannels: outputChannels, outputChannels: inputChannels,
      inputSize: 2 * inputSize - 2 + kernelSize, kernelSize: kernelSize, stride: 2, padding: 0)
    adjoint.requireSupport()
    adjointShape = adjoint.shape
    shape = adjointShape
    shape.in_channels = Int64(inputChannels)
    shape.out_channels = Int64(outputChannels)
    shape.in_size = Int64(inputSize)
    shape.out_size = Int64(adjoint.inputSize - 1)
    shape.stride = 1
    shape.padding = Int64(kernelSize - 2)
    isThin = leakySlope == nil && outputChannels <= 4 && kernelSize == 3 && inputSize <= 32
    precondition(
      isThin || leakySlope != nil || context.arithmetic == .fp32,
      "what has no leaky ReLU behind it is fp32, and in bf16 only thin layers compute that")
    rotated = AlignedBuffer(count: adjoint.weightCount)
    forwardWeights = AlignedBuffer(
      count: isThin ? adjoint.weightCount : context.transposedPackedCount(adjoint))
    packedCount = context.forwardPackedCount(adjoint)
    dataWeights = AlignedBuffer(count: packedCount)
    let parts = Int(shape.end_part)
    weightsGradient = AlignedBuffer(count: parts * packedCount)
    biasGradient = AlignedBuffer(count: parts * outputChannels)
    context.reserveScratchpad(for: adjoint)
  }

  /// Rows and columns of the destination.
  package var outputSize: Int { adjoint.inputSize - 1 }
  /// Elements of the source, `[batch, H, H, inputChannels]`.
  package var inputCount: Int { adjoint.outputCount }
  /// Elements of the destination, `[batch, outputSize, outputSize, outputChannels]`.
  package var outputCount: Int { batch * outputSize * outputSize * outputChannels }

  /// Copies new weights, `[outputChannels, inputChannels, kernelSize, kernelSize]`.
  package func updateWeights(from weights: UnsafePointer<Float>) {
    ck_rotate_weights(
      weights, Int64(outputChannels), Int64(inputChannels), Int64(kernelSize), rotated.start)
    if isThin {
      ck_swap_axes(
        rotated.start, Int64(inputChannels), Int64(outputChannels), Int64(kernelSize * kernelSize),
        forwardWeights.start)
    } else {
      context.kernels.pack_backward(&adjointShape, rotated.start, forwardWeights.start)
    }
    context.kernels.pack_forward(&adjointShape, rotated.start, dataWeights.start)
  }

  /// Computes dst, the leaky ReLU of bias plus upsampled convolution.
  ///
  /// - Parameters:
  ///   - dst: Overwritten.
  ///   - norm: The batch norm behind; if given, its moments are taken.
  package func forward(
    src: NormalizedImages, bias: UnsafePointer<Float>, dst: UnsafeMutablePointer<Float>,
    measuring norm: BatchNorm? = nil
  ) {
    withOptionalPointer(src.coefficients?.pass) { coefficients in
      if isThin {
        context.shareParts(of: shape) { shape, thread in
          context.kernels.thin_upsampled_forward(
            shape, src.images, coefficients, forwardWeights.start, bias, dst, nil,
            context.scratch(thread))
        }
        return
      }
      withOptionalPointer(norm?.moments) { moments in
        context.shareParts(of: shape) { shape, thread in
          context.kernels.upsampled_forward(
            shape, src.images, coefficients, forwardWeights.start, bias, leakySlope ?? 1, dst,
            moments, context.scratch(thread))
        }
      }
      norm?.addMomentParts()
    }
  }

  /// Whether ``forwardError(src:bias:target:reconstruction:diffDst:squaredErrors:)`` can be called:
  /// for 3×3 kernels, at most 4 output channels and 32 rows of the source, without leaky ReLU.
  package var takesError: Bool { isThin }

  /// Computes the squared error of the sigmoid of bias plus upsampled convolution, for each image
  /// while it is in cache.
  ///
  /// The arguments are those of
  /// ``SigmoidSquaredError/forward(src:target:reconstruction:diffSrc:squaredErrors:)``.
  ///
  /// - Parameter diffDst: Gradient with respect to the sigmoid's source.
  package func forwardError(
    src: NormalizedImages, bias: UnsafePointer<Float>, target: UnsafePointer<Float>,
    reconstruction: UnsafeMutablePointer<Float>?, diffDst: UnsafeMutablePointer<Float>?,
    squaredErrors: UnsafeMutablePointer<Double>
  ) {
    precondition(takesError, "the kernel is for layers of few channels")
    let error = ck_error(
      target: target, reconstruction: reconstruction, diff: diffDst,
      squared_errors: squaredErrors)
    withOptionalPointer(src.coefficients?.pass) { coefficients in
      withUnsafePointer(to: error) { error in
        context.shareParts(of: shape) { shape, thread in
          context.kernels.thin_upsampled_forward(
            shape, src.images, coefficients, forwardWeights.start, bias, nil, error,
            context.scratch(thread))
        }
      }
    }
  }

  /// Computes the gradients with respect to weights, bias and source of a layer with a batch norm
  /// behind it.
  ///
  /// - Parameters:
  ///   - src: As in the forward direction.
  ///   - diffDst: Gradient of the loss with respect to the output of the batch norm behind.
  ///   - through: The batch norm behind, with its gradients updated, and the layer's output.
  ///   - diffWeights: In the weights' own order; overwritten, not accumulated.
  ///   - diffBias: Overwritten.
  ///   - diffSrc: Gradient with respect to the (normalised) source; overwritten.
  ///   - before: The batch norm before; if given, the sums of diffSrc are taken.
  package func backward(
    src: NormalizedImages, diffDst: UnsafePointer<Float>, through: NormSource,
    diffWeights: UnsafeMutablePointer<Float>, diffBias: UnsafeMutablePointer<Float>,
    diffSrc: UnsafeMutablePointer<Float>, measuring before: NormSource? = nil
  ) {
    backward(
      src: src, diffDst: diffDst, pass: through.norm.gradientPass(src: through.src), scale: 1,
      diffWeights: diffWeights, diffSrc: diffSrc, before: before)
    for channel in 0..<outputChannels {
      diffBias[channel] = Float(
        biasGradient.start.sum(ofParts: Int(shape.end_part), outputChannels, channel))
    }
  }

  /// Computes the gradients with respect to weights, bias and source of a layer without leaky ReLU
  /// and batch norm, multiplied by `scale`.
  package func backward(
    src: NormalizedImages, diffDst: UnsafePointer<Float>, scale: Float,
    diffWeights: UnsafeMutablePointer<Float>, diffBias: UnsafeMutablePointer<Float>,
    diffSrc: UnsafeMutablePointer<Float>, measuring before: NormSource? = nil
  ) {
    backward(
      src: src, diffDst: diffDst, pass: nil, scale: scale, diffWeights: diffWeights,
      diffSrc: diffSrc, before: before)
    let imageCount = outputSize * outputSize * outputChannels
    context.shareParts(of: shape) { shape, _ in
      for part in shape.pointee.first_part..<shape.pointee.end_part {
        let start = ck_part_start(shape, part)
        context.kernels.channel_sums(
          diffDst + Int(start) * imageCount, ck_part_start(shape, part + 1) - start,
          Int64(outputSize * outputSize), Int64(outputChannels),
          biasGradient.start + Int(part) * outputChannels)
      }
    }
    for channel in 0..<outputChannels {
      let sum = biasGradient.start.sum(ofParts: Int(shape.end_part), outputChannels, channel)
      diffBias[channel] = Float(Double(scale) * sum)
    }
  }

  private func backward(
    src: NormalizedImages, diffDst: UnsafePointer<Float>, pass: ck_norm_gradient?, scale: Float,
    diffWeights: UnsafeMutablePointer<Float>, diffSrc: UnsafeMutablePointer<Float>,
    before: NormSource?
  ) {
    withOptionalPointer(src.coefficients?.pass) { coefficients in
      withOptionalPointer(pass) { through in
        withOptionalPointer(before.map { $0.norm.gradientSums(src: $0.src) }) { sums in
          context.shareParts(of: shape) { shape, thread in
            context.kernels.upsampled_backward(
              shape, src.images, coefficients, diffDst, through, scale, dataWeights.start,
              weightsGradient.start, biasGradient.start, diffSrc, sums, context.scratch(thread))
          }
        }
      }
    }
    before?.norm.addGradientParts()
    context.addParts(weightsGradient.start, of: shape, count: packedCount)
    // The buffer of the rotated weights is free until the next update.
    context.kernels.unpack_gradient(&adjointShape, weightsGradient.start, rotated.start)
    ck_rotate_weights(
      rotated.start, Int64(inputChannels), Int64(outputChannels), Int64(kernelSize), diffWeights)
  }
}
