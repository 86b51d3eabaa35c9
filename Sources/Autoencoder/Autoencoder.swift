import Primitives
import Trials

/// The variational autoencoder of one trial: parameters, activations and both passes.
///
/// The network is the paper's (section IV): convolution → leaky ReLU → batch norm in the encoder;
/// batch norm → nearest ×2 upsampling → convolution → leaky ReLU in the decoder, a sigmoid last.
/// All memory is laid out at creation; a training step allocates nothing. An autoencoder belongs
/// to one thread at a time, and computes on that thread alone.
///
/// A training step is: fill ``images``, ``encode()``, fill ``latents``,
/// ``decode(updatingStatistics:)``, ``decodeBackward(errorScale:)``, fill ``meanGradient`` and
/// ``logVarianceGradient``, ``encodeBackward()``, move ``parameters`` and call
/// ``parametersChanged()``.
package final class Autoencoder {
  /// The layers.
  package let shape: NetworkShape
  /// B, images of a batch; batch statistics are always over the whole batch.
  package let batchSize: Int
  /// The trained tensors in the order of ``parameters`` and ``gradients``.
  package let tensors: [TensorDescriptor]
  /// The running means and variances in the order of ``runningStatistics``.
  package let statistics: [TensorDescriptor]

  private let parameterBuffer: AlignedBuffer<Float>
  private let gradientBuffer: AlignedBuffer<Float>
  private let statisticsBuffer: AlignedBuffer<Float>
  private let imageBuffer: AlignedBuffer<Float>
  private let errorBuffer: AlignedBuffer<Double>

  /// Lays out the network's memory and creates its operations, with zero parameters, running
  /// means 0 and running variances 1.
  package init(
    shape: NetworkShape, batchSize: Int, settings: AutoencoderSettings
  ) throws(PrimitiveError) {
    let list = TensorList(shape: shape)
    self.shape = shape
    self.batchSize = batchSize
    tensors = list.trained
    statistics = list.statistics
    parameterBuffer = AlignedBuffer(count: list.trainedCount)
    gradientBuffer = AlignedBuffer(count: list.trainedCount)
    statisticsBuffer = AlignedBuffer(count: list.statisticsCount)
    imageBuffer = AlignedBuffer(count: 0)
    errorBuffer = AlignedBuffer(count: batchSize)
  }

  /// Every trained scalar; call ``parametersChanged()`` after writing.
  package var parameters: UnsafeMutableBufferPointer<Float> { parameterBuffer.elements }
  /// The gradient of every trained scalar, overwritten by the backward passes.
  package var gradients: UnsafeMutableBufferPointer<Float> { gradientBuffer.elements }
  /// Every running mean and variance, updated by the training passes as PyTorch does it: the
  /// running variance takes the unbiased batch variance, normalisation divides by the biased one.
  package var runningStatistics: UnsafeMutableBufferPointer<Float> { statisticsBuffer.elements }

  /// Input of the encoder and target of the error, `[B, H, W, C]`, 0…1; the caller fills it.
  package var images: UnsafeMutableBufferPointer<Float> { imageBuffer.elements }
  /// μ, `[B, n]`, output of ``encode()`` and ``infer(count:)``.
  package var posteriorMean: UnsafeMutableBufferPointer<Float> { fatalError() }
  /// ℓ = log σ², `[B, n]`, output of ``encode()`` and ``infer(count:)``.
  package var posteriorLogVariance: UnsafeMutableBufferPointer<Float> { fatalError() }
  /// z, `[B, n]`, gates applied; the caller fills it before a decoder pass.
  package var latents: UnsafeMutableBufferPointer<Float> { fatalError() }
  /// Gradient of the loss with respect to ``latents``, `[B, n]`, output of
  /// ``decodeBackward(errorScale:)``.
  package var latentGradient: UnsafeMutableBufferPointer<Float> { fatalError() }
  /// Gradient of the loss with respect to ``posteriorMean``, `[B, n]`; the caller fills it.
  package var meanGradient: UnsafeMutableBufferPointer<Float> { fatalError() }
  /// Gradient of the loss with respect to ``posteriorLogVariance``, `[B, n]`; the caller fills it.
  package var logVarianceGradient: UnsafeMutableBufferPointer<Float> { fatalError() }
  /// Σ over pixels and channels of (x̂ − x)² per image, `[B]`, of the latest decoder pass.
  package var squaredErrors: UnsafeMutableBufferPointer<Double> { errorBuffer.elements }
  /// x̂, `[B, H, W, C]`, output of ``reconstruct(count:)``.
  package var reconstructions: UnsafeBufferPointer<Float> { fatalError() }

  /// Takes notice of new ``parameters``; call it after every write to them and before any pass.
  package func parametersChanged() { fatalError() }

  /// Computes the posterior of ``images`` with batch statistics and updates the encoder's running
  /// statistics once.
  package func encode() { fatalError() }

  /// Decodes ``latents`` with batch statistics and measures ``squaredErrors`` against ``images``.
  ///
  /// - Parameter updatingStatistics: True keeps what ``decodeBackward(errorScale:)`` needs and
  ///   updates the decoder's running statistics once. False does neither and leaves what an
  ///   earlier pass kept; equal latents give the same ``squaredErrors`` to the last bit either
  ///   way.
  package func decode(updatingStatistics: Bool) { fatalError() }

  /// Computes the gradient of `errorScale · mean over the batch of squaredErrors`: the decoder's
  /// part of ``gradients``, overwritten, and ``latentGradient``.
  ///
  /// It belongs to the latest `decode(updatingStatistics: true)`, once.
  package func decodeBackward(errorScale: Float) { fatalError() }

  /// Computes the encoder's part of ``gradients``, overwritten, from ``meanGradient`` and
  /// ``logVarianceGradient``, for the latest ``encode()``, once.
  package func encodeBackward() { fatalError() }

  /// Computes the posterior of the first `count` images with running statistics; updates nothing.
  package func infer(count: Int) { fatalError() }

  /// Decodes the first `count` latents with running statistics into ``reconstructions`` and
  /// measures ``squaredErrors``; updates nothing.
  package func reconstruct(count: Int) { fatalError() }
}
