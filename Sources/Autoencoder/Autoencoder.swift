import Primitives
import Trials

/// The variational autoencoder of one trial: parameters, activations and both passes.
///
/// The network is the paper's (section IV): convolution → leaky ReLU → batch norm in the encoder;
/// batch norm → nearest ×2 upsampling → convolution → leaky ReLU in the decoder, a sigmoid last.
/// All memory is allocated at creation. Only one thread at a time may use an autoencoder, which
/// computes on that thread and the others of its ``team``.
///
/// A training step is: fill ``images``, ``encode()``, fill ``latents``,
/// ``decode(updatingStatistics:)``, ``decodeBackward(errorScale:)``, fill ``meanGradient`` and
/// ``logVarianceGradient``, ``encodeBackward()``, move ``parameters`` and call
/// ``parametersChanged()``.
package final class Autoencoder {
  /// The layers.
  package let shape: NetworkShape
  /// B, the images of a batch; batch statistics are over the whole batch.
  package let batchSize: Int
  /// The trained tensors in the order of ``parameters`` and ``gradients``.
  package let tensors: [TensorDescriptor]
  /// The running means and variances in the order of ``runningStatistics``.
  package let statistics: [TensorDescriptor]

  /// The computing threads; thread 0 is the caller's.
  package let team: ThreadTeam
  /// The shared state of the network's operations.
  package let instructionSet: InstructionSet

  private let memory: TensorMemory
  private let activations: ActivationMemory
  private let encoder: Encoder
  private let decoder: Decoder
  private let errors: AlignedBuffer<Double>
  private let parts: Parts
  /// Each layer's update after a change of parameters.
  private let takingParameters: [() -> Void]

  /// The activations visible to the caller.
  private struct Parts {
    let images: ActivationMemory.Part
    let reconstructions: ActivationMemory.Part
    let posteriorMean: ActivationMemory.Part
    let posteriorLogVariance: ActivationMemory.Part
    let latents: ActivationMemory.Part
    let latentGradient: ActivationMemory.Part
    let meanGradient: ActivationMemory.Part
    let logVarianceGradient: ActivationMemory.Part
  }

  /// Allocates the network's memory and creates its operations, with parameters 0, running means 0
  /// and running variances 1.
  ///
  /// - Parameters:
  ///   - instructionSet: For the kernels; by default the widest.
  ///   - threads: How many threads compute; results do not depend on it.
  /// - Throws: ``PrimitiveError`` if the processor cannot run the kernels.
  package init(
    shape: NetworkShape, batchSize: Int, settings: AutoencoderSettings,
    instructionSet: InstructionSet? = nil, threads: Int = 1
  ) throws(PrimitiveError) {
    precondition(batchSize > 1, "batch statistics need more than one image")
    let list = TensorList(shape: shape)
    self.shape = shape
    self.batchSize = batchSize
    tensors = list.trained
    statistics = list.statistics
    let context = try ComputeContext(
      instructionSet: instructionSet, arithmetic: settings.arithmetic, threads: threads)
    team = context.team
    self.instructionSet = context.instructionSet
    let memory = TensorMemory(list: list)
    let activations = ActivationMemory()
    let imageCount = batchSize * shape.image.height * shape.image.width * shape.image.channels
    let latentCount = batchSize * shape.latents
    parts = Parts(
      images: activations.reserve(imageCount), reconstructions: activations.reserve(imageCount),
      posteriorMean: activations.reserve(latentCount),
      posteriorLogVariance: activations.reserve(latentCount),
      latents: activations.reserve(latentCount), latentGradient: activations.reserve(latentCount),
      meanGradient: activations.reserve(latentCount),
      logVarianceGradient: activations.reserve(latentCount))
    let scratch = ScratchParts(
      context, shape: shape, batchSize: batchSize, memory: activations)
    encoder = Encoder(
      context, shape: shape, batchSize: batchSize, settings: settings, tensors: memory,
      memory: activations, images: parts.images, scratch: scratch)
    decoder = Decoder(
      context, shape: shape, batchSize: batchSize, settings: settings, tensors: memory,
      memory: activations, images: parts.images, scratch: scratch)
    takingParameters = encoder.takingParameters + decoder.takingParameters
    activations.allocate()
    self.memory = memory
    self.activations = activations
    errors = AlignedBuffer(count: batchSize)
  }

  /// Every trained scalar; call ``parametersChanged()`` after writing.
  package var parameters: UnsafeMutableBufferPointer<Float> { memory.parameters.elements }
  /// The gradient of every trained scalar, overwritten by the backward passes.
  package var gradients: UnsafeMutableBufferPointer<Float> { memory.gradients.elements }
  /// Every running mean and variance, updated by the training passes as PyTorch does it: the
  /// running variance takes the unbiased batch variance, normalisation divides by the biased one.
  package var runningStatistics: UnsafeMutableBufferPointer<Float> { memory.statistics.elements }

  /// Input of the encoder and target of the error, `[B, H, W, C]`, 0…1; the caller fills it.
  package var images: UnsafeMutableBufferPointer<Float> {
    activations.elements(parts.images)
  }
  /// μ, `[B, n]`, output of ``encode()`` and ``infer(count:)``.
  package var posteriorMean: UnsafeMutableBufferPointer<Float> {
    activations.elements(parts.posteriorMean)
  }
  /// ℓ = log σ², `[B, n]`, output of ``encode()`` and ``infer(count:)``.
  package var posteriorLogVariance: UnsafeMutableBufferPointer<Float> {
    activations.elements(parts.posteriorLogVariance)
  }
  /// z, `[B, n]`, gates applied; the caller fills it before a decoder pass.
  package var latents: UnsafeMutableBufferPointer<Float> {
    activations.elements(parts.latents)
  }
  /// Gradient of the loss with respect to ``latents``, `[B, n]`, output of
  /// ``decodeBackward(errorScale:)``.
  package var latentGradient: UnsafeMutableBufferPointer<Float> {
    activations.elements(parts.latentGradient)
  }
  /// Gradient of the loss with respect to ``posteriorMean``, `[B, n]`; the caller fills it.
  package var meanGradient: UnsafeMutableBufferPointer<Float> {
    activations.elements(parts.meanGradient)
  }
  /// Gradient of the loss with respect to ``posteriorLogVariance``, `[B, n]`; the caller fills it.
  package var logVarianceGradient: UnsafeMutableBufferPointer<Float> {
    activations.elements(parts.logVarianceGradient)
  }
  /// Σ over pixels and channels of (x̂ − x)² per image, `[B]`, of the latest decoder pass.
  package var squaredErrors: UnsafeMutableBufferPointer<Double> { errors.elements }
  /// x̂, `[B, H, W, C]`, output of ``reconstruct(count:)``.
  package var reconstructions: UnsafeBufferPointer<Float> {
    UnsafeBufferPointer(activations.elements(parts.reconstructions))
  }

  /// Updates the layers' copies of ``parameters``; call it after every write to them, before any
  /// pass.
  package func parametersChanged() {
    team.run { thread in
      for layer in stride(from: thread, to: takingParameters.count, by: team.count) {
        takingParameters[layer]()
      }
    }
  }

  /// Computes the posterior of ``images`` with batch statistics and updates the encoder's running
  /// statistics once.
  package func encode() {
    encoder.forward(.training, mean: posteriorMean, logVariance: posteriorLogVariance)
  }

  /// Decodes ``latents`` with batch statistics and measures ``squaredErrors`` against ``images``.
  ///
  /// - Parameter updatingStatistics: True stores the data for ``decodeBackward(errorScale:)`` and
  ///   updates the decoder's running statistics once. False does neither and leaves an earlier
  ///   pass's data; the ``squaredErrors`` of equal latents are equal to the bit in both cases.
  package func decode(updatingStatistics: Bool) {
    decoder.forward(
      updatingStatistics ? .training : .gradientFree, latents: latents, reconstruction: nil,
      squaredErrors: errors.start)
  }

  /// Computes the gradient of `errorScale · mean over the batch of squaredErrors`: the decoder's
  /// part of ``gradients``, overwritten, and ``latentGradient``.
  ///
  /// Call it at most once after `decode(updatingStatistics: true)`.
  package func decodeBackward(errorScale: Float) {
    decoder.backward(errorScale: errorScale, latentGradient: activations[parts.latentGradient])
  }

  /// Computes the encoder's part of ``gradients``, overwritten, from ``meanGradient`` and
  /// ``logVarianceGradient``; call it at most once after ``encode()``.
  package func encodeBackward() {
    encoder.backward(
      meanGradient: meanGradient, logVarianceGradient: logVarianceGradient)
  }

  /// Computes the posterior of the first `count` images with running statistics; updates nothing.
  ///
  /// It overwrites the data of ``encode()`` for ``encodeBackward()``. The pass computes a whole
  /// batch; results beyond `count` are undefined.
  package func infer(count: Int) {
    precondition(count <= batchSize, "a pass takes at most a batch")
    encoder.forward(.inference, mean: posteriorMean, logVariance: posteriorLogVariance)
  }

  /// Decodes the first `count` latents with running statistics into ``reconstructions`` and
  /// measures ``squaredErrors``; updates nothing and leaves a training pass's data.
  ///
  /// The pass computes a whole batch; results beyond `count` are undefined.
  package func reconstruct(count: Int) {
    precondition(count <= batchSize, "a pass takes at most a batch")
    decoder.forward(
      .inference, latents: latents, reconstruction: activations[parts.reconstructions],
      squaredErrors: errors.start)
  }
}
