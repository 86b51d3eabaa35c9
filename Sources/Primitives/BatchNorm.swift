import CKernels

/// Batch norm over the channels of NHWC images, each the output of a leaky ReLU.
///
/// Ioffe and Szegedy (2015), as PyTorch computes it: normalisation divides by the root of the
/// biased batch variance plus ε; running statistics take the mean and the *unbiased* variance.
///
/// The passes over images are fused into the neighbouring operations. Forward: the operation that
/// computes the source takes its moments, ``update(_:)`` makes coefficients of them, and the
/// operation that reads the source normalises it with these. Backward: the operation that computes
/// the gradient takes its sums, ``updateGradients(diffScale:diffShift:)`` makes coefficients of
/// them, and the operation before passes the gradient back through batch norm and leaky ReLU with
/// these.
package final class BatchNorm {
  /// Which statistics a forward pass normalises with.
  package enum Mode: Hashable, Sendable {
    /// The batch's. They are kept for the backward pass, and running statistics are updated.
    case training
    /// The batch's; nothing is kept or updated.
    case gradientFree
    /// The running statistics; nothing is kept or updated.
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

    /// Pointers to memory that the caller owns and that must outlive the layer.
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

  /// The numbers that normalise a source: `(x − mean) · scale + shift`, per channel.
  package struct Coefficients {
    let pass: ck_norm
  }

  /// Images.
  package let batch: Int
  /// Rows times columns of an image.
  package let pixels: Int
  /// Channels.
  package let channels: Int

  private let context: ComputeContext
  private let tensors: Tensors
  private let momentum: Double
  private let epsilon: Double
  private let leakySlope: Float
  /// Per part of the batch and channel: the moments of the source or the sums of the gradient.
  ///
  /// After the parts are added up, the first part holds the batch's.
  private let sums: AlignedBuffer<Double>
  /// Per channel, of the latest training pass: mean, γ / √(variance + ε), the shift corrected for
  /// the rounding of the mean to float, and 1 / √(variance + ε).
  private let kept: AlignedBuffer<Float>
  /// Per channel, of the latest training pass: the mean's rounding error.
  private let residue: AlignedBuffer<Double>
  /// Per channel, of a gradient-free or inference pass: mean, γ / √(variance + ε) and shift.
  private let passing: AlignedBuffer<Float>
  /// Per channel: the coefficients of the gradient.
  private let gradient: AlignedBuffer<Float>

  /// Creates the operation.
  ///
  /// - Parameters:
  ///   - momentum: Share of the old value that a running statistic keeps.
  ///   - epsilon: Added to the variance.
  ///   - leakySlope: Slope of the leaky ReLU that computes the source.
  package init(
    _ context: ComputeContext, batch: Int, pixels: Int, channels: Int, momentum: Double,
    epsilon: Double, leakySlope: Float, tensors: Tensors
  ) {
    precondition(channels <= ck_channels_max, "the kernels take up to \(ck_channels_max) channels")
    self.context = context
    self.batch = batch
    self.pixels = pixels
    self.channels = channels
    self.tensors = tensors
    self.momentum = momentum
    self.epsilon = epsilon
    self.leakySlope = leakySlope
    sums = AlignedBuffer(count: 2 * channels * ConvolutionGeometry.partCount(batch: batch))
    kept = AlignedBuffer(count: 4 * channels)
    residue = AlignedBuffer(count: channels)
    passing = AlignedBuffer(count: 3 * channels)
    gradient = AlignedBuffer(count: 3 * channels)
  }

  /// Elements of source and destination, `[batch, pixels, channels]`.
  package var count: Int { batch * pixels * channels }

  /// Where the operation that computes the source stores its moments.
  var moments: ck_moments {
    ck_moments(mean: sums.start, squared_deviations: sums.start + channels)
  }

  /// Images per part; the last part may have fewer.
  private var partSize: Int { ConvolutionGeometry.partSize(batch: batch) }
  private var partCount: Int { ConvolutionGeometry.partCount(batch: batch) }

  /// Combines the moments of the parts, in order, by the update of Chan, Golub and LeVeque (1983).
  func addMomentParts() {
    for part in 1..<max(partCount, 1) {
      let other = sums.start + 2 * part * channels
      let before = Double(part * partSize)
      let count = Double(min(partSize, batch - part * partSize))
      let share = count / (before + count)
      let weight = Double(pixels) * before * share
      for channel in 0..<channels {
        let delta = other[channel] - sums.start[channel]
        sums.start[channel] += delta * share
        sums.start[channels + channel] += other[channels + channel] + delta * delta * weight
      }
    }
  }

  /// Adds up the gradient sums of the parts, in order.
  func addGradientParts() {
    for part in 1..<max(partCount, 1) {
      let other = sums.start + 2 * part * channels
      for index in 0..<2 * channels { sums.start[index] += other[index] }
    }
  }

  /// Calls `work` for every part of the batch, on its thread: with the part's number, the offset of
  /// its first float in an activation, and its number of images.
  private func forParts(_ work: (_ part: Int, _ start: Int, _ images: Int) -> Void) {
    context.team.share(0..<partCount) { parts, _ in
      for part in parts {
        let first = part * partSize
        work(
          part, context.storedCount(first * pixels * channels), min(partSize, batch - first))
      }
    }
  }

  /// Takes the moments of a source; only needed if the operation that computed it has not.
  package func measure(src: UnsafePointer<Float>) {
    forParts { part, start, images in
      var target = moments
      target.mean += 2 * part * channels
      target.squared_deviations += 2 * part * channels
      context.kernels.moments(
        src + start, Int64(images), Int64(pixels), Int64(channels), &target)
    }
    addMomentParts()
  }

  /// Makes the coefficients of a pass: from the moments, or for inference from the running
  /// statistics.
  package func update(_ mode: Mode) -> Coefficients {
    let elements = Double(batch * pixels)
    let target = mode == .training ? kept.start : passing.start
    for channel in 0..<channels {
      var mean = Double(tensors.runningMean[channel])
      var variance = Double(tensors.runningVariance[channel])
      if mode != .inference {
        let deviations = sums.start[channels + channel]
        if mode == .training {
          let new = 1 - momentum
          tensors.runningMean[channel] = Float(momentum * mean + new * sums.start[channel])
          tensors.runningVariance[channel] = Float(
            momentum * variance + new * deviations / (elements - 1))
        }
        mean = sums.start[channel]
        variance = deviations / elements
      }
      let inverse = 1 / (variance + epsilon).squareRoot()
      let scale = Double(tensors.scale[channel]) * inverse
      let lost = mean - Double(Float(mean))
      target[channel] = Float(mean)
      target[channels + channel] = Float(scale)
      target[2 * channels + channel] = Float(Double(tensors.shift[channel]) - lost * scale)
      if mode == .training {
        kept.start[3 * channels + channel] = Float(inverse)
        residue.start[channel] = lost
      }
    }
    return coefficients(at: target)
  }

  /// The coefficients of the latest training pass.
  package var keptCoefficients: Coefficients { coefficients(at: kept.start) }

  private func coefficients(at start: UnsafePointer<Float>) -> Coefficients {
    Coefficients(
      pass: ck_norm(mean: start, scale: start + channels, shift: start + 2 * channels))
  }

  /// Computes dst, the normalised src; dst is overwritten and may be src.
  package func normalize(
    src: UnsafePointer<Float>, with coefficients: Coefficients, dst: UnsafeMutablePointer<Float>
  ) {
    forParts { _, start, images in
      var pass = coefficients.pass
      context.kernels.normalize(
        src + start, Int64(images * pixels), Int64(channels), &pass, dst + start)
    }
  }

  /// Where the operation that computes the gradient with respect to the normalised output stores
  /// its sums; `src` is the source of the latest training pass.
  func gradientSums(src: UnsafePointer<Float>) -> ck_gradient_sums {
    ck_gradient_sums(src: src, mean: kept.start, sum: sums.start, dot: sums.start + channels)
  }

  /// Takes the sums of a gradient; only needed if the operation that computed it has not.
  package func measureGradient(diffDst: UnsafePointer<Float>, src: UnsafePointer<Float>) {
    forParts { part, start, images in
      var target = gradientSums(src: src + start)
      target.sum += 2 * part * channels
      target.dot += 2 * part * channels
      context.kernels.gradient_sums(
        diffDst + start, Int64(images), Int64(pixels), Int64(channels), &target)
    }
    addGradientParts()
  }

  /// Makes the coefficients of the gradient from its sums, and the gradients of the tensors.
  ///
  /// - Parameters:
  ///   - diffScale: Gradient with respect to γ; overwritten.
  ///   - diffShift: Gradient with respect to β; overwritten.
  package func updateGradients(
    diffScale: UnsafeMutablePointer<Float>, diffShift: UnsafeMutablePointer<Float>
  ) {
    let elements = Double(batch * pixels)
    for channel in 0..<channels {
      let sum = sums.start[channel]
      // The kernels subtract the mean rounded to float; the sum can cancel, so correct for that.
      let residue = residue.start[channel]
      let dot = sums.start[channels + channel] - residue * sum
      let inverse = Double(kept.start[3 * channels + channel])
      let factor = Double(tensors.scale[channel]) * inverse
      diffScale[channel] = Float(dot * inverse)
      diffShift[channel] = Float(sum)
      gradient.start[channel] = Float(factor)
      let slope = Float(-factor * inverse * inverse * dot / elements)
      gradient.start[channels + channel] = slope
      gradient.start[2 * channels + channel] = Float(
        -factor * sum / elements - Double(slope) * residue)
    }
  }

  /// The coefficients that pass a gradient back through the batch norm and the leaky ReLU before
  /// it.
  func gradientPass(src: UnsafePointer<Float>) -> ck_norm_gradient {
    ck_norm_gradient(
      src: src, mean: kept.start, a: gradient.start, b: gradient.start + channels,
      c: gradient.start + 2 * channels, slope: leakySlope)
  }

  /// Turns `diff`, the gradient with respect to the normalised output, in place into the gradient
  /// with respect to the *input* of the leaky ReLU; only needed if no operation before does it.
  package func backward(diff: UnsafeMutablePointer<Float>, src: UnsafePointer<Float>) {
    forParts { _, start, images in
      var pass = gradientPass(src: src + start)
      context.kernels.norm_leaky_backward(
        diff + start, &pass, Int64(images), Int64(pixels), Int64(channels), diff + start)
    }
  }
}
