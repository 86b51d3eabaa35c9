import Autoencoder
import Primitives
import TestSupport
import Testing
import Trials

/// A small network: fast and reference with the same parameters and inputs.
struct SmallNetwork: CustomTestStringConvertible, Sendable {
  var size: Int
  var imageChannels: Int
  var channels: [Int]
  var batch = 3
  var latents = 3

  var testDescription: String { "\(size)×\(size)×\(imageChannels), \(channels)" }

  static let digits = SmallNetwork(size: 28, imageChannels: 1, channels: [4, 4, 8])
  static let shapes = SmallNetwork(size: 64, imageChannels: 3, channels: [2, 3, 4, 4], batch: 2)
  /// Channel counts of whole vectors, as the defaults have them.
  static let wide = SmallNetwork(size: 28, imageChannels: 1, channels: [16, 16, 32], batch: 2)

  func shape() throws -> NetworkShape {
    try NetworkShape(
      image: ImageShape(channels: imageChannels, height: size, width: size), channels: channels,
      latents: latents)
  }
}

/// Both networks, and inputs for them.
struct Pair {
  let fast: Autoencoder
  var reference: ReferenceAutoencoder
  let images: [Double]
  let latents: [Double]

  init(
    _ network: SmallNetwork, _ settings: AutoencoderSettings = AutoencoderSettings()
  ) throws {
    let shape = try network.shape()
    fast = try Autoencoder(shape: shape, batchSize: network.batch, settings: settings)
    var random = RandomNumbers(seed: 21)
    var tensors: [String: [Double]] = [:]
    for tensor in fast.tensors {
      let bound = tensor.fanIn > 0 ? 1 / Double(tensor.fanIn).squareRoot() : 0.5
      let center = tensor.role == .normScale ? 1.0 : 0
      let values = (0..<tensor.count).map { _ in Double(Float(center + bound * random.next())) }
      for (index, value) in zip(tensor.range, values) { fast.parameters[index] = Float(value) }
      tensors[tensor.name] = values
    }
    for tensor in fast.statistics {
      let center = tensor.role == .runningVariance ? 2.0 : 0
      let values = (0..<tensor.count).map { _ in Double(Float(center + random.next())) }
      for (index, value) in zip(tensor.range, values) {
        fast.runningStatistics[index] = Float(value)
      }
      tensors[tensor.name] = values
    }
    fast.parametersChanged()
    reference = ReferenceAutoencoder(
      shape: shape, settings: settings, batch: network.batch, tensors: tensors)
    images = (0..<fast.images.count).map { _ in Double(Float(abs(random.next()))) }
    latents = (0..<fast.latents.count).map { _ in random.next() }
    fill()
  }

  /// Writes the inputs.
  func fill() {
    for (index, value) in images.enumerated() { fast.images[index] = Float(value) }
    for (index, value) in latents.enumerated() { fast.latents[index] = Float(value) }
  }

  /// The gradients of the fast network by name, for names with the given prefix.
  func gradients(_ prefix: String) -> [(name: String, values: [Double])] {
    fast.tensors.filter { $0.name.hasPrefix(prefix) }.map { tensor in
      (tensor.name, fast.gradients[tensor.range].map(Double.init))
    }
  }
}

@Suite("Autoencoder against its double-precision twin")
struct AutoencoderTests {
  static let networks = [SmallNetwork.digits, .shapes, .wide]
  /// Rounding of fp32 through a dozen layers.
  static let tolerance = 1e-5
  /// The same for gradients, relative to the largest of a tensor.
  static let gradientTolerance = 5e-5

  @Test("encodes, and updates its running statistics once", arguments: networks)
  func encoding(network: SmallNetwork) throws {
    let pair = try Pair(network)
    let before = pair.reference.tensors
    let (posterior, trace) = pair.reference.encode(pair.images)
    pair.fast.encode()
    expectPosterior(of: pair, posterior)
    try expectRunningStatistics(of: pair.fast, "encoder", from: before, moved: trace)
    try expectRunningStatistics(of: pair.fast, "decoder", from: before, moved: nil)
  }

  @Test("decodes, and updates its running statistics once", arguments: networks)
  func decoding(network: SmallNetwork) throws {
    let pair = try Pair(network)
    let before = pair.reference.tensors
    let (reconstruction, trace) = pair.reference.decode(pair.latents)
    let errors = ReferenceActivations.squaredErrors(
      reconstruction: reconstruction, target: pair.images, batch: network.batch)
    pair.fast.decode(updatingStatistics: true)
    #expect(relativeError(Array(pair.fast.squaredErrors), errors) < Self.tolerance)
    try expectRunningStatistics(of: pair.fast, "decoder", from: before, moved: trace)
    try expectRunningStatistics(of: pair.fast, "encoder", from: before, moved: nil)
  }

  @Test("infers and reconstructs with running statistics, and updates nothing", arguments: networks)
  func inference(network: SmallNetwork) throws {
    let pair = try Pair(network)
    let before = pair.reference.tensors
    pair.fast.infer(count: network.batch)
    expectPosterior(of: pair, pair.reference.encode(pair.images, running: true).posterior)
    pair.fast.reconstruct(count: network.batch)
    let expected = pair.reference.decode(pair.latents, running: true).reconstruction
    #expect(
      relativeError(pair.fast.reconstructions.map(Double.init), expected) < Self.tolerance)
    let errors = ReferenceActivations.squaredErrors(
      reconstruction: expected, target: pair.images, batch: network.batch)
    #expect(relativeError(Array(pair.fast.squaredErrors), errors) < Self.tolerance)
    try expectRunningStatistics(of: pair.fast, "", from: before, moved: nil)
  }

  @Test("has the twin's gradients in every tensor of the decoder", arguments: networks)
  func decoderGradients(network: SmallNetwork) throws {
    let pair = try Pair(network)
    let (reconstruction, trace) = pair.reference.decode(pair.latents)
    let expected = pair.reference.decodeBackward(
      trace, reconstruction: reconstruction, images: pair.images, scale: 0.75)
    pair.fast.decode(updatingStatistics: true)
    // A gradient-free pass on other latents may come between.
    for index in pair.fast.latents.indices { pair.fast.latents[index] = 0.5 }
    pair.fast.decode(updatingStatistics: false)
    pair.fast.decodeBackward(errorScale: 0.75)
    #expect(
      relativeError(pair.fast.latentGradient.map(Double.init), expected["latents"] ?? [])
        < Self.gradientTolerance)
    for (name, values) in pair.gradients("decoder") {
      #expect(relativeError(values, expected[name] ?? []) < Self.gradientTolerance, "\(name)")
    }
  }

  @Test("has the twin's gradients in every tensor of the encoder", arguments: networks)
  func encoderGradients(network: SmallNetwork) throws {
    let pair = try Pair(network)
    var random = RandomNumbers(seed: 22)
    let n = network.latents
    let posteriorGradient = (0..<2 * n * network.batch).map { _ in random.next() }
    let trace = pair.reference.encode(pair.images).trace
    let expected = pair.reference.encodeBackward(trace, posteriorGradient: posteriorGradient)
    pair.fast.encode()
    // The decoder's passes come between in training.
    pair.fast.decode(updatingStatistics: true)
    pair.fast.decodeBackward(errorScale: 1)
    for index in 0..<n * network.batch {
      let place = index / n * 2 * n + index % n
      pair.fast.meanGradient[index] = Float(posteriorGradient[place])
      pair.fast.logVarianceGradient[index] = Float(posteriorGradient[place + n])
    }
    pair.fast.encodeBackward()
    for (name, values) in pair.gradients("encoder") {
      #expect(relativeError(values, expected[name] ?? []) < Self.gradientTolerance, "\(name)")
    }
  }

  @Test(
    "training and gradient-free decoder passes give equal errors to the bit",
    arguments: networks)
  func passesAgree(network: SmallNetwork) throws {
    let pair = try Pair(network)
    pair.fast.decode(updatingStatistics: false)
    let gradientFree = Array(pair.fast.squaredErrors)
    pair.fast.decode(updatingStatistics: true)
    #expect(Array(pair.fast.squaredErrors) == gradientFree)
    pair.fast.decode(updatingStatistics: false)
    #expect(Array(pair.fast.squaredErrors) == gradientFree)
  }

  @Test(
    "a step gives the same bits in another network at other addresses",
    arguments: networks)
  func repeats(network: SmallNetwork) throws {
    func step(_ pair: Pair) -> [Float] {
      pair.fill()
      pair.fast.encode()
      pair.fast.decode(updatingStatistics: true)
      pair.fast.decodeBackward(errorScale: 1)
      for index in pair.fast.meanGradient.indices {
        pair.fast.meanGradient[index] = pair.fast.latentGradient[index]
        pair.fast.logVarianceGradient[index] = 0.25
      }
      pair.fast.encodeBackward()
      return Array(pair.fast.gradients) + Array(pair.fast.posteriorMean)
        + pair.fast.squaredErrors.map { Float($0) }
    }
    let first = try Pair(network)
    let gradients = step(first)
    #expect(step(first) == gradients)
    let second = try Pair(network)
    #expect(step(second) == gradients)
  }

  private func expectPosterior(of pair: Pair, _ posterior: [Double]) {
    let n = pair.fast.shape.latents
    let rows = 0..<pair.fast.batchSize
    let mean = rows.flatMap { posterior[$0 * 2 * n..<$0 * 2 * n + n] }
    let logVariance = rows.flatMap { posterior[$0 * 2 * n + n..<($0 + 1) * 2 * n] }
    #expect(relativeError(pair.fast.posteriorMean.map(Double.init), mean) < Self.tolerance)
    #expect(
      relativeError(pair.fast.posteriorLogVariance.map(Double.init), logVariance) < Self.tolerance)
  }

  /// Running statistics move by a fifth toward the batch's, the variance to the unbiased one.
  private func expectRunningStatistics(
    of fast: Autoencoder, _ prefix: String, from before: [String: [Double]],
    moved trace: ReferenceAutoencoder.Trace?
  ) throws {
    for tensor in fast.statistics where tensor.name.hasPrefix(prefix) {
      var expected = try #require(before[tensor.name])
      if let trace {
        let norm =
          String(tensor.name.prefix { $0 != "." }) + "."
          + String(tensor.name.drop { $0 != "." }.dropFirst().prefix { $0 != "." })
        let (mean, variance) = try #require(trace.statistics[norm])
        let pixels = try #require(pixelsPerImage(of: norm, in: fast.shape))
        let elements = Double(fast.batchSize * pixels)
        let target =
          tensor.role == .runningMean
          ? mean : variance.map { $0 * elements / (elements - 1) }
        expected = zip(expected, target).map { 0.8 * $0 + 0.2 * $1 }
      }
      let actual = fast.runningStatistics[tensor.range].map(Double.init)
      #expect(relativeError(actual, expected) < Self.tolerance, "\(tensor.name)")
    }
  }

  private func pixelsPerImage(of norm: String, in shape: NetworkShape) -> Int? {
    guard let number = norm.last?.wholeNumberValue else { return nil }
    let size =
      norm.hasPrefix("encoder")
      ? shape.encoder[number - 1].outputSize : shape.decoder[number - 1].inputSize
    return size * size
  }
}
