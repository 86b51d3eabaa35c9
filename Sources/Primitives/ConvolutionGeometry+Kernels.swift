import CKernels

extension ConvolutionGeometry {
  /// Images per part of a batch; the last part may have fewer.
  ///
  /// The number is even, because the bf16 kernels take two images at a time and an odd image may
  /// begin in the middle of a float.
  static func partSize(batch: Int) -> Int {
    (batch + 2 * ComputeContext.partCount - 1) / (2 * ComputeContext.partCount) * 2
  }

  /// The number of parts of a batch.
  static func partCount(batch: Int) -> Int {
    let size = partSize(batch: batch)
    return (batch + size - 1) / size
  }

  /// The extents for the kernels, with all parts of the batch.
  var shape: ck_convolution {
    ck_convolution(
      images: Int64(batch), in_channels: Int64(inputChannels),
      out_channels: Int64(outputChannels), in_size: Int64(inputSize),
      out_size: Int64(outputSize), kernel: Int64(kernelSize), stride: Int64(stride),
      padding: Int64(padding), part: Int64(Self.partSize(batch: batch)), first_part: 0,
      end_part: Int64(Self.partCount(batch: batch)))
  }

  /// Traps unless the kernels support these extents.
  func requireSupport() {
    precondition(
      inputSize + 2 * padding <= ck_size_max && stride == 2 && kernelSize <= 4,
      "the kernels are for images of at most \(ck_size_max) rows, stride 2, kernels up to 4×4")
    precondition(
      max(inputChannels, outputChannels) <= ck_channels_max,
      "the kernels take up to \(ck_channels_max) channels")
  }
}

extension ComputeContext {
  /// Elements of a convolution's weights packed for the forward direction.
  func forwardPackedCount(_ geometry: ConvolutionGeometry) -> Int {
    var shape = geometry.shape
    return Int(kernels.pack_forward_count(&shape))
  }

  /// Elements of a convolution's weights packed for the transposed direction.
  func transposedPackedCount(_ geometry: ConvolutionGeometry) -> Int {
    var shape = geometry.shape
    return Int(kernels.pack_backward_count(&shape))
  }

  /// Makes the scratchpad large enough for every pass of a convolution.
  func reserveScratchpad(for geometry: ConvolutionGeometry) {
    var shape = geometry.shape
    let count =
      switch arithmetic {
      case .fp32: ck_scratch_count(&shape)
      case .bf16: ck_bf16_scratch_count(&shape)
      }
    reserveScratchpad(count: Int(count))
  }
}

/// `count` rounded up to whole panels of two vectors of `lanes` floats.
func panelMultiple(_ count: Int, lanes: Int) -> Int {
  (count + 2 * lanes - 1) / (2 * lanes) * 2 * lanes
}
