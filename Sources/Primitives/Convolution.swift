import COneDNN

/// A 2-D convolution on NHWC images, forward and both gradients, alone or followed by bias and
/// leaky ReLU.
///
/// The weights in use are a packed copy: call ``updateWeights(from:)`` after every change.
package final class Convolution {
  /// The extents.
  package let geometry: ConvolutionGeometry

  private let forwardPrimitive: LibraryPrimitive
  private let forwardWeights: PackedWeights
  private let dataPrimitive: LibraryPrimitive?
  private let dataWeights: PackedWeights?
  private let weightsPrimitive: LibraryPrimitive
  private let weightsGradient: PackedGradient

  /// Creates the operation.
  ///
  /// oneDNN: `dnnl_convolution_forward_desc_init`, `dnnl_convolution_backward_data_desc_init`,
  /// `dnnl_convolution_backward_weights_desc_init`, all with the direct algorithm.
  ///
  /// - Parameters:
  ///   - leakySlope: Gives the forward direction a bias and a leaky ReLU of this slope; nil gives
  ///     it neither. The gradients are those of the convolution alone.
  ///   - hasDataGradient: False for a layer whose source needs no gradient.
  package init(
    _ context: ComputeContext, _ geometry: ConvolutionGeometry, leakySlope: Float?,
    hasDataGradient: Bool = true
  ) throws(PrimitiveError) {
    self.geometry = geometry
    let g = geometry
    let name = "convolution \(g.inputChannels)→\(g.outputChannels) on \(g.inputSize)×\(g.inputSize)"
    let weightExtents = [g.outputChannels, g.inputChannels, g.kernelSize, g.kernelSize]
    var src = try dnnl_memory_desc_t(
      [g.batch, g.inputChannels, g.inputSize, g.inputSize], dnnl_nhwc)
    var dst = try dnnl_memory_desc_t(
      [g.batch, g.outputChannels, g.outputSize, g.outputSize], dnnl_nhwc)
    var bias = try dnnl_memory_desc_t([g.outputChannels], dnnl_x)
    let plain = try dnnl_memory_desc_t(weightExtents, dnnl_oihw)
    var free = try dnnl_memory_desc_t(weightExtents, dnnl_format_tag_any)
    let strides = [dnnl_dim_t](repeating: dnnl_dim_t(g.stride), count: 2)
    let padding = [dnnl_dim_t](repeating: dnnl_dim_t(g.padding), count: 2)
    // The source's last rows and columns may lie beyond the last kernel.
    let reach = (g.outputSize - 1) * g.stride + g.kernelSize
    let paddingAfter = [dnnl_dim_t](
      repeating: dnnl_dim_t(reach - g.inputSize - g.padding), count: 2)

    var forward = dnnl_convolution_desc_t()
    try OneDNN.check(
      leakySlope == nil
        ? dnnl_convolution_forward_desc_init(
          &forward, dnnl_forward_training, dnnl_convolution_direct, &src, &free, nil, &dst,
          strides, padding, paddingAfter)
        : dnnl_convolution_forward_desc_init(
          &forward, dnnl_forward_training, dnnl_convolution_direct, &src, &free, &bias, &dst,
          strides, padding, paddingAfter),
      "dnnl_convolution_forward_desc_init for \(name)")
    let forwardDescriptor = try PrimitiveDescriptor(
      context, name: name, operation: &forward, leakySlope: leakySlope)
    let forwardLayout = forwardDescriptor.layout(dnnl_query_weights_md)
    var arguments: [LibraryPrimitive.Argument] = [
      .init(index: DNNL_ARG_SRC, layout: src),
      .init(index: DNNL_ARG_WEIGHTS, layout: forwardLayout),
      .init(index: DNNL_ARG_DST, layout: dst),
    ]
    if leakySlope != nil { arguments.append(.init(index: DNNL_ARG_BIAS, layout: bias)) }
    forwardPrimitive = try LibraryPrimitive(
      context, name: name, descriptor: forwardDescriptor, arguments: arguments)
    forwardWeights = try PackedWeights(context, plain: plain, packed: forwardLayout)

    if hasDataGradient {
      var data = dnnl_convolution_desc_t()
      try OneDNN.check(
        dnnl_convolution_backward_data_desc_init(
          &data, dnnl_convolution_direct, &src, &free, &dst, strides, padding, paddingAfter),
        "dnnl_convolution_backward_data_desc_init for \(name)")
      let descriptor = try PrimitiveDescriptor(
        context, name: "data gradient of \(name)", operation: &data, forward: forwardDescriptor)
      let layout = descriptor.layout(dnnl_query_weights_md)
      dataPrimitive = try LibraryPrimitive(
        context, name: "data gradient of \(name)", descriptor: descriptor,
        arguments: [
          .init(index: DNNL_ARG_DIFF_DST, layout: dst),
          .init(index: DNNL_ARG_WEIGHTS, layout: layout),
          .init(index: DNNL_ARG_DIFF_SRC, layout: src),
        ])
      dataWeights = try PackedWeights(context, plain: plain, packed: layout)
    } else {
      dataPrimitive = nil
      dataWeights = nil
    }

    var weights = dnnl_convolution_desc_t()
    try OneDNN.check(
      dnnl_convolution_backward_weights_desc_init(
        &weights, dnnl_convolution_direct, &src, &free, nil, &dst, strides, padding, paddingAfter),
      "dnnl_convolution_backward_weights_desc_init for \(name)")
    let descriptor = try PrimitiveDescriptor(
      context, name: "weight gradient of \(name)", operation: &weights, forward: forwardDescriptor)
    let layout = descriptor.layout(dnnl_query_diff_weights_md)
    weightsPrimitive = try LibraryPrimitive(
      context, name: "weight gradient of \(name)", descriptor: descriptor,
      arguments: [
        .init(index: DNNL_ARG_SRC, layout: src),
        .init(index: DNNL_ARG_DIFF_DST, layout: dst),
        .init(index: DNNL_ARG_DIFF_WEIGHTS, layout: layout),
      ])
    weightsGradient = try PackedGradient(context, plain: plain, packed: layout)
  }

  /// Copies new weights, `[outputChannels, inputChannels, kernelSize, kernelSize]`.
  package func updateWeights(from weights: UnsafePointer<Float>) {
    forwardWeights.update(from: weights)
    dataWeights?.update(from: weights)
  }

  /// Computes dst from src.
  ///
  /// - Parameters:
  ///   - bias: `[outputChannels]`; nil exactly if the operation was created without leaky ReLU.
  ///   - dst: Overwritten.
  package func forward(
    src: UnsafePointer<Float>, bias: UnsafePointer<Float>?, dst: UnsafeMutablePointer<Float>
  ) {
    forwardPrimitive.execute(src, forwardWeights.start, dst, bias)
  }

  /// Computes the gradient with respect to the source.
  ///
  /// - Parameters:
  ///   - diffDst: Gradient of the loss with respect to the convolution's output, before bias and
  ///     leaky ReLU.
  ///   - diffSrc: Overwritten.
  package func backwardData(diffDst: UnsafePointer<Float>, diffSrc: UnsafeMutablePointer<Float>) {
    guard let dataPrimitive, let dataWeights else {
      preconditionFailure("the convolution was created with a data gradient")
    }
    dataPrimitive.execute(diffDst, dataWeights.start, diffSrc)
  }

  /// Computes the gradient with respect to the weights.
  ///
  /// - Parameter diffWeights: In the weights' own order; overwritten, not accumulated.
  package func backwardWeights(
    src: UnsafePointer<Float>, diffDst: UnsafePointer<Float>,
    diffWeights: UnsafeMutablePointer<Float>
  ) {
    weightsPrimitive.execute(src, diffDst, weightsGradient.start)
    weightsGradient.unpack(to: diffWeights)
  }
}
