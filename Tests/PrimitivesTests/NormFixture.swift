import Primitives
import TestSupport
import Testing

/// A batch norm with guarded tensors, and its reference.
struct NormFixture {
  static let slope = 0.02
  static let epsilon = 1e-5

  let norm: BatchNorm
  let scale: [Double]
  let shift: [Double]
  let runningMean: GuardedBuffer
  let runningVariance: GuardedBuffer
  private let scaleBuffer: GuardedBuffer
  private let shiftBuffer: GuardedBuffer

  init(_ context: ComputeContext, batch: Int, pixels: Int, channels: Int, seed: UInt64 = 6) {
    var random = RandomNumbers(seed: seed)
    scale = random.array(channels)
    shift = random.array(channels)
    runningMean = GuardedBuffer(random.array(channels))
    runningVariance = GuardedBuffer(random.array(channels).map { $0 + 2 })
    scaleBuffer = GuardedBuffer(scale)
    shiftBuffer = GuardedBuffer(shift)
    norm = BatchNorm(
      context, batch: batch, pixels: pixels, channels: channels, momentum: 0.8,
      epsilon: Self.epsilon, leakySlope: Float(Self.slope),
      tensors: BatchNorm.Tensors(
        scale: scaleBuffer.start, shift: shiftBuffer.start, runningMean: runningMean.start,
        runningVariance: runningVariance.start))
  }

  private var reference: ReferenceBatchNorm {
    ReferenceBatchNorm(channels: scale.count, epsilon: Self.epsilon)
  }

  func statistics(_ src: [Double]) -> (mean: [Double], variance: [Double]) {
    reference.statistics(src: src)
  }

  /// The reference's output for a source, with batch statistics unless others are given.
  func expected(_ src: [Double], _ given: (mean: [Double], variance: [Double])? = nil) -> [Double] {
    let (mean, variance) = given ?? reference.statistics(src: src)
    return reference.forward(
      src: src, scale: scale, shift: shift, mean: mean, variance: variance)
  }

  func expectedGradients(
    _ src: [Double], diffDst: [Double]
  ) -> (src: [Double], scale: [Double], shift: [Double]) {
    reference.backward(src: src, scale: scale, diffDst: diffDst)
  }

  /// The normalised source, by the operation.
  func normalize(_ src: UnsafePointer<Float>, _ coefficients: BatchNorm.Coefficients) -> [Double] {
    let dst = GuardedBuffer(count: norm.count)
    norm.normalize(src: src, with: coefficients, dst: dst.start)
    return dst.values
  }

  /// The gradients of the tensors, from the sums taken.
  func updateGradients() -> (scale: [Double], shift: [Double]) {
    let diffScale = GuardedBuffer(count: scale.count)
    let diffShift = GuardedBuffer(count: scale.count)
    norm.updateGradients(diffScale: diffScale.start, diffShift: diffShift.start)
    return (diffScale.values, diffShift.values)
  }

  /// Compares the gradients of the tensors, from the sums taken, with the reference's.
  func expectGradients(
    _ src: [Double], diffDst: [Double], sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let tensors = updateGradients()
    let expected = expectedGradients(src, diffDst: diffDst)
    #expect(
      relativeError(tensors.scale, expected.scale) < chainTolerance, sourceLocation: sourceLocation)
    #expect(
      relativeError(tensors.shift, expected.shift) < chainTolerance, sourceLocation: sourceLocation)
  }
}

/// A layer between two batch norms.
protocol NormedLayer {
  var batch: Int { get }
  var inputSize: Int { get }
  var inputChannels: Int { get }
  var outputSize: Int { get }
  var outputChannels: Int { get }
}

extension ConvolutionGeometry: NormedLayer {}
extension UpsampledConvolution: NormedLayer {}

/// The batch norms before and behind a layer.
func norms(
  _ context: ComputeContext, _ layer: some NormedLayer
) -> (before: NormFixture, behind: NormFixture) {
  (
    NormFixture(
      context, batch: layer.batch, pixels: layer.inputSize * layer.inputSize,
      channels: layer.inputChannels),
    NormFixture(
      context, batch: layer.batch, pixels: layer.outputSize * layer.outputSize,
      channels: layer.outputChannels, seed: 7)
  )
}

/// Per-channel sums.
func channelSums(_ values: [Double], _ channels: Int) -> [Double] {
  var sums = [Double](repeating: 0, count: channels)
  for (index, value) in values.enumerated() { sums[index % channels] += value }
  return sums
}

/// Bias plus values, through the leaky ReLU.
func leakyWithBias(_ values: [Double], _ bias: [Double]) -> [Double] {
  ReferenceActivations.leakyReLU(
    values.enumerated().map { $1 + bias[$0 % bias.count] }, slope: NormFixture.slope)
}

/// Sums over images of products that went through two batch norms.
let chainTolerance = 1e-5
