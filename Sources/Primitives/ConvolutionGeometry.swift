/// The extents of a convolution over square images, square in kernel, stride and padding.
///
/// Sources and destinations are NHWC, fp32: `[batch, inputSize, inputSize, inputChannels]` and
/// `[batch, outputSize, outputSize, outputChannels]`; weights are
/// `[outputChannels, inputChannels, kernelSize, kernelSize]`.
package struct ConvolutionGeometry: Hashable, Sendable {
  /// N, the number of images.
  package var batch: Int
  /// Channels of the source.
  package var inputChannels: Int
  /// Channels of the destination.
  package var outputChannels: Int
  /// Rows and columns of the source.
  package var inputSize: Int
  /// Rows and columns of the destination.
  package var outputSize: Int
  /// Rows and columns of the kernel.
  package var kernelSize: Int
  /// Step of the kernel.
  package var stride: Int
  /// Zeros around the source.
  package var padding: Int

  /// The given extents; the destination's size follows as
  /// `(inputSize + 2 · padding − kernelSize) / stride + 1`, rounded down.
  package init(
    batch: Int, inputChannels: Int, outputChannels: Int, inputSize: Int, kernelSize: Int,
    stride: Int, padding: Int
  ) {
    self.batch = batch
    self.inputChannels = inputChannels
    self.outputChannels = outputChannels
    self.inputSize = inputSize
    outputSize = (inputSize + 2 * padding - kernelSize) / stride + 1
    self.kernelSize = kernelSize
    self.stride = stride
    self.padding = padding
  }

  /// Elements of the source.
  package var inputCount: Int { batch * inputSize * inputSize * inputChannels }
  /// Elements of the destination.
  package var outputCount: Int { batch * outputSize * outputSize * outputChannels }
  /// Elements of the weights.
  package var weightCount: Int { outputChannels * inputChannels * kernelSize * kernelSize }
}
