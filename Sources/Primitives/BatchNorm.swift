import CKernels

/// Batch norm over the channels of NHWC images, whose source is the output of a leaky ReLU.
///
/// Ioffe and Szegedy (2015), as PyTorch computes it: normalisation divides by the root of the
/// biased batch variance plus ε; running statistics take the mean and the *unbiased* variance.
/// The backward direction goes through the leaky ReLU as well, in the same pass.
package final class BatchNorm {
  /// The statistics that a forward pass normalises with.
  package enum Mode: Hashable, Sendable {
    /// The batch's, kept for the backward pass; running statistics are updated.
    case training
    /// The batch's; nothing is kept or updated.
    case gradientFree
    /// The running ones; nothing is kept or updated.
    case inference
  }

  /// The per-channel tensors of the layer, `[channels]` each.
  package struct Tensors {
    /// γ.
    package var scale: UnsafePointer<Float>
    /// β.
    package var shift: UnsafePointer<Float>
    /// Updated by a training pass.
    package var runningMean: UnsafeMutablePointer<Float>
    /// Updated by a training pass.
    package var runningVariance: UnsafeMutablePointer<Float>

    /// Names the given memory; the caller owns it.
    package init(
      scale: UnsafePointer<Float>, shift: UnsafePointer<Float>,
      runningMean: UnsafeMutablePointer<Float>, runningVariance: UnsafeMutablePointer<Float>
    ) {
      self.scale = scale
      self.shift = shift
      self.runningMean = runningMean
      self.runningVariance = runningVariance
    }
  }

  /// Images.
  package let batch: Int
  /// Rows times columns of an image.
  package let pixels: Int
  /// Channels.
  package let channels: Int

  private let context: ComputeContext
  private let momentum: Double
  private let epsilon: Double
  private let leakySlope: Float
  /// Per channel, in double: two results of a reduction.
  private let sums: AlignedBuffer<Double>
  /// Per channel, of the latest training pass: mean and 1 / √(variance + ε).
  private let kept: AlignedBuffer<Float>
  /// Per channel: the coefficients of the pass that is running.
  private let coefficients: AlignedBuffer<Float>

  /// Creates the operation.
  ///
  /// - Parameters:
  ///   - momentum: Share of the old value that a running statistic keeps.
  ///   - epsilon: Added to the variance.
  ///   - leakySlope: Slope of the leaky ReLU that gave the source.
  package init(
    _ context: ComputeContext, batch: Int, pixels: Int, channels: Int, momentum: Double,
    epsilon: Double, leakySlope: Float
  ) {
    precondition(channels <= ck_channels_max, "the kernels take up to \(ck_channels_max) channels")
    self.context = context
    self.batch = batch
    self.pixels = pixels
    self.channels = channels
    self.momentum = momentum
    self.epsilon = epsilon
    self.leakySlope = leakySlope
    sums = AlignedBuffer(count: 2 * channels)
    kept = AlignedBuffer(count: 2 * channels)
    coefficients = AlignedBuffer(count: 3 * channels)
  }

  /// Elements of source and destination, `[batch, pixels, channels]`.
  package var count: Int { batch * pixels * channels }

  /// Computes dst from src; dst is overwritten and may be src.
  package func forward(
    _ mode: Mode, src: UnsafePointer<Float>, tensors: Tensors, dst: UnsafeMutablePointer<Float>
  ) {
    let mean = coefficients.start
    let scale = mean + channels
    if mode != .inference {
      context.kernels.moments(
        src, Int64(batch), Int64(pixels), Int64(channels), sums.start, sums.start + channels)
    }
    let elements = Double(batch * pixels)
    for channel in 0..<channels {
      var center = Double(tensors.runningMean[channel])
      var variance = Double(tensors.runningVariance[channel])
      if mode != .inference {
        let deviations = sums.start[channels + channel]
        if mode == .training {
          let new = 1 - momentum
          tensors.runningMean[channel] = Float(momentum * center + new * sums.start[channel])
          tensors.runningVariance[channel] = Float(
            momentum * variance + new * deviations / (elements - 1))
        }
        center = sums.start[channel]
        variance = deviations / elements
      }
      let inverse = 1 / (variance + epsilon).squareRoot()
      if mode == .training {
        kept.start[channel] = Float(center)
        kept.start[channels + channel] = Float(inverse)
      }
      mean[channel] = Float(center)
      scale[channel] = Float(Double(tensors.scale[channel]) * inverse)
    }
    context.kernels.normalize(
      src, Int64(batch * pixels), Int64(channels), mean, scale, tensors.shift, dst)
  }

  /// Computes the gradients of the latest training pass.
  ///
  /// - Parameters:
  ///   - diffDst: Gradient of the loss with respect to the normalised output.
  ///   - src: The source of the pass, the output of the leaky ReLU.
  ///   - scale: γ of the pass.
  ///   - diffSrc: Receives the gradient with respect to the leaky ReLU's *input*; overwritten, may
  ///     be `diffDst`.
  ///   - diffScale: Gradient with respect to γ; overwritten.
  ///   - diffShift: Gradient with respect to β; overwritten.
  ///   - diffBias: Per-channel sums of diffSrc, the gradient of a bias before the leaky ReLU;
  ///     overwritten if given.
  package func backward(
    diffDst: UnsafePointer<Float>, src: UnsafePointer<Float>, scale: UnsafePointer<Float>,
    diffSrc: UnsafeMutablePointer<Float>, diffScale: UnsafeMutablePointer<Float>,
    diffShift: UnsafeMutablePointer<Float>, diffBias: UnsafeMutablePointer<Float>?
  ) {
    let mean = kept.start
    let sum = sums.start
    let dot = sum + channels
    context.kernels.norm_gradient_sums(
      diffDst, src, mean, Int64(batch), Int64(pixels), Int64(channels), sum, dot)
    let elements = Double(batch * pixels)
    let a = coefficients.start
    let b = a + channels
    let c = b + channels
    for channel in 0..<channels {
      let inverse = Double(kept.start[channels + channel])
      let factor = Double(scale[channel]) * inverse
      diffScale[channel] = Float(dot[channel] * inverse)
      diffShift[channel] = Float(sum[channel])
      a[channel] = Float(factor)
      b[channel] = Float(-factor * inverse * inverse * dot[channel] / elements)
      c[channel] = Float(-factor * sum[channel] / elements)
    }
    context.kernels.norm_leaky_backward(
      diffDst, src, mean, a, b, c, leakySlope, Int64(batch), Int64(pixels), Int64(channels),
      diffSrc, sum)
    if let diffBias {
      for channel in 0..<channels { diffBias[channel] = Float(sum[channel]) }
    }
  }
}
