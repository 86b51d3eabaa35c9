import COneDNN

/// A linear layer, forward and all gradients, alone or followed by a leaky ReLU.
///
/// Sources are `[batch, inputs]`, destinations `[batch, outputs]`, weights `[outputs, inputs]`.
/// The weights in use are a packed copy: call ``updateWeights(from:)`` after every change.
package final class Linear {
  /// Rows of source and destination.
  package let batch: Int
  /// Elements of a source row.
  package let inputs: Int
  /// Elements of a destination row.
  package let outputs: Int

  private let forwardPrimitive: LibraryPrimitive
  private let forwardWeights: PackedWeights
  private let dataPrimitive: LibraryPrimitive
  private let dataWeights: PackedWeights
  private let weightsPrimitive: LibraryPrimitive
  private let weightsGradient: PackedGradient

  /// Creates the operation.
  ///
  /// oneDNN: `dnnl_inner_product_forward_desc_init`, `dnnl_inner_product_backward_data_desc_init`,
  /// `dnnl_inner_product_backward_weights_desc_init`.
  ///
  /// - Parameter leakySlope: Lets a leaky ReLU of this slope follow in the forward direction; the
  ///   gradients are those of the linear layer alone.
  package init(
    _ context: ComputeContext, batch: Int, inputs: Int, outputs: Int, leakySlope: Float? = nil
  ) throws(PrimitiveError) {
    self.batch = batch
    self.inputs = inputs
    self.outputs = outputs
    let name = "linear layer \(inputs)→\(outputs)"
    var src = try dnnl_memory_desc_t([batch, inputs], dnnl_nc)
    var dst = try dnnl_memory_desc_t([batch, outputs], dnnl_nc)
    var bias = try dnnl_memory_desc_t([outputs], dnnl_x)
    let plain = try dnnl_memory_desc_t([outputs, inputs], dnnl_oi)
    var free = try dnnl_memory_desc_t([outputs, inputs], dnnl_format_tag_any)

    var forward = dnnl_inner_product_desc_t()
    try OneDNN.check(
      dnnl_inner_product_forward_desc_init(
        &forward, dnnl_forward_training, &src, &free, &bias, &dst),
      "dnnl_inner_product_forward_desc_init for \(name)")
    let forwardDescriptor = try PrimitiveDescriptor(
      context, name: name, operation: &forward, leakySlope: leakySlope)
    let forwardLayout = forwardDescriptor.layout(dnnl_query_weights_md)
    forwardPrimitive = try LibraryPrimitive(
      context, name: name, descriptor: forwardDescriptor,
      arguments: [
        .init(index: DNNL_ARG_SRC, layout: src),
        .init(index: DNNL_ARG_WEIGHTS, layout: forwardLayout),
        .init(index: DNNL_ARG_DST, layout: dst),
        .init(index: DNNL_ARG_BIAS, layout: bias),
      ])
    forwardWeights = try PackedWeights(context, plain: plain, packed: forwardLayout)

    var data = dnnl_inner_product_desc_t()
    try OneDNN.check(
      dnnl_inner_product_backward_data_desc_init(&data, &src, &free, &dst),
      "dnnl_inner_product_backward_data_desc_init for \(name)")
    let dataDescriptor = try PrimitiveDescriptor(
      context, name: "data gradient of \(name)", operation: &data, forward: forwardDescriptor)
    let dataLayout = dataDescriptor.layout(dnnl_query_weights_md)
    dataPrimitive = try LibraryPrimitive(
      context, name: "data gradient of \(name)", descriptor: dataDescriptor,
      arguments: [
        .init(index: DNNL_ARG_DIFF_DST, layout: dst),
        .init(index: DNNL_ARG_WEIGHTS, layout: dataLayout),
        .init(index: DNNL_ARG_DIFF_SRC, layout: src),
      ])
    dataWeights = try PackedWeights(context, plain: plain, packed: dataLayout)

    var weights = dnnl_inner_product_desc_t()
    try OneDNN.check(
      dnnl_inner_product_backward_weights_desc_init(&weights, &src, &free, &bias, &dst),
      "dnnl_inner_product_backward_weights_desc_init for \(name)")
    let weightsDescriptor = try PrimitiveDescriptor(
      context, name: "weight gradient of \(name)", operation: &weights, forward: forwardDescriptor)
    let weightsLayout = weightsDescriptor.layout(dnnl_query_diff_weights_md)
    weightsPrimitive = try LibraryPrimitive(
      context, name: "weight gradient of \(name)", descriptor: weightsDescriptor,
      arguments: [
        .init(index: DNNL_ARG_SRC, layout: src),
        .init(index: DNNL_ARG_DIFF_DST, layout: dst),
        .init(index: DNNL_ARG_DIFF_WEIGHTS, layout: weightsLayout),
        .init(index: DNNL_ARG_DIFF_BIAS, layout: bias),
      ])
    weightsGradient = try PackedGradient(context, plain: plain, packed: weightsLayout)
  }

  /// Copies new weights, `[outputs, inputs]`.
  package func updateWeights(from weights: UnsafePointer<Float>) {
    forwardWeights.update(from: weights)
    dataWeights.update(from: weights)
  }

  /// Computes dst from src; dst is overwritten.
  package func forward(
    src: UnsafePointer<Float>, bias: UnsafePointer<Float>, dst: UnsafeMutablePointer<Float>
  ) {
    forwardPrimitive.execute(src, forwardWeights.start, dst, bias)
  }

  /// Computes the gradient with respect to the source; diffSrc is overwritten.
  ///
  /// - Parameter diffDst: Gradient of the loss with respect to the output before a leaky ReLU.
  package func backwardData(diffDst: UnsafePointer<Float>, diffSrc: UnsafeMutablePointer<Float>) {
    dataPrimitive.execute(diffDst, dataWeights.start, diffSrc)
  }

  /// Computes the gradients with respect to weights and bias; both are overwritten.
  package func backwardWeights(
    src: UnsafePointer<Float>, diffDst: UnsafePointer<Float>,
    diffWeights: UnsafeMutablePointer<Float>, diffBias: UnsafeMutablePointer<Float>
  ) {
    weightsPrimitive.execute(src, diffDst, weightsGradient.start, diffBias)
    weightsGradient.unpack(to: diffWeights)
  }
}
