import CKernels

/// A linear layer with all gradients, optionally followed by a leaky ReLU.
///
/// Sources are `[batch, inputs]`, destinations `[batch, outputs]`, weights `[outputs, inputs]`.
/// The kernels read a packed copy of the weights: call ``updateWeights(from:)`` after every change.
package final class Linear {
  /// Rows of source and destination.
  package let batch: Int
  /// Elements of a source row.
  package let inputs: Int
  /// Elements of a destination row.
  package let outputs: Int

  private let context: ComputeContext
  private let leakySlope: Float
  private let forwardWeights: AlignedBuffer<Float>
  private let dataWeights: AlignedBuffer<Float>

  /// Creates the operation.
  ///
  /// - Parameter leakySlope: The slope of a leaky ReLU applied in the forward direction, if any.
  ///   The gradients are those of the linear layer alone.
  package init(
    _ context: ComputeContext, batch: Int, inputs: Int, outputs: Int, leakySlope: Float? = nil
  ) {
    self.context = context
    self.batch = batch
    self.inputs = inputs
    self.outputs = outputs
    self.leakySlope = leakySlope ?? 1
    let lanes = Int(context.kernels.lanes)
    forwardWeights = AlignedBuffer(count: inputs * panelMultiple(outputs, lanes: lanes))
    dataWeights = AlignedBuffer(count: outputs * panelMultiple(inputs, lanes: lanes))
    context.reserveScratchpad(count: Int(ck_linear_scratch_count(Int64(inputs), Int64(outputs))))
  }

  /// Copies new weights, `[outputs, inputs]`.
  package func updateWeights(from weights: UnsafePointer<Float>) {
    let (inputs, outputs) = (Int64(inputs), Int64(outputs))
    context.kernels.pack_rows(weights, outputs, inputs, forwardWeights.start)
    context.kernels.pack_columns(weights, outputs, inputs, dataWeights.start)
  }

  /// Computes dst from src; dst is overwritten.
  package func forward(
    src: UnsafePointer<Float>, bias: UnsafePointer<Float>, dst: UnsafeMutablePointer<Float>
  ) {
    context.team.share(0..<batch) { rows, thread in
      context.kernels.linear_multiply(
        Int64(rows.count), Int64(inputs), Int64(outputs), src + rows.lowerBound * inputs,
        forwardWeights.start, bias, leakySlope, dst + rows.lowerBound * outputs,
        context.scratch(thread))
    }
  }

  /// Computes the gradient with respect to the source; diffSrc is overwritten.
  ///
  /// - Parameter diffDst: Gradient of the loss with respect to the output before a leaky ReLU.
  package func backwardData(diffDst: UnsafePointer<Float>, diffSrc: UnsafeMutablePointer<Float>) {
    context.team.share(0..<batch) { rows, thread in
      context.kernels.linear_multiply(
        Int64(rows.count), Int64(outputs), Int64(inputs), diffDst + rows.lowerBound * outputs,
        dataWeights.start, nil, 1, diffSrc + rows.lowerBound * inputs, context.scratch(thread))
    }
  }

  /// Computes the gradients with respect to weights and bias; both are overwritten.
  package func backwardWeights(
    src: UnsafePointer<Float>, diffDst: UnsafePointer<Float>,
    diffWeights: UnsafeMutablePointer<Float>, diffBias: UnsafeMutablePointer<Float>
  ) {
    // Split by outputs, not by rows, so that one thread sums each element over all rows.
    context.team.share(0..<outputs, unit: 4) { part, thread in
      let first = part.lowerBound
      context.kernels.linear_outer(
        Int64(batch), Int64(part.count), Int64(outputs), Int64(inputs), diffDst + first, src,
        diffWeights + first * inputs, diffBias + first, context.scratch(thread))
    }
  }
}
