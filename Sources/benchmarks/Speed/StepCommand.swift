import ArgumentParser
import Autoencoder
import Benches
import Foundation
import Images
import Narrowing
import Primitives
import Trials

/// `benchmarks step`: one training step, by part.
struct StepCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "step",
    abstract: "Times one training step and its parts, and compares them with the core's limits.",
    discussion: """
      The floor is arithmetic at the peak rate of multiply-adds plus unavoidable memory traffic at \
      the rate of a copy of that size; each activation and gradient is unavoidable once per pass. \
      It counts 36 multiplies per 2×2 outputs of a 3×3 kernel; where AVX2 takes 25, a part can be \
      above 100 %. The whole step is the trainer's, including random numbers, gates and sampling.

      The images of a batch come from archives of noise in memory. With --images they come from \
      that archive, and each load is followed by a step, so that the disk has as much time as in \
      training; the wall time of the load shows the cost of the disk.
      """)

  @OptionGroup var shapes: ShapeOptions
  @OptionGroup var arithmetic: PrecisionOption
  @OptionGroup var repeating: RepetitionsOption

  @Option(help: "A prepared archive to take images from; needs --shape.")
  var images: String?

  @Flag(help: "With --images: reads without advice to the system on the order, for comparison.")
  var unadvised = false

  func validate() throws {
    guard images == nil || shapes.shape != nil else {
      throw ValidationError("--images: the archive has one shape; name it with --shape")
    }
  }

  func run() throws {
    for network in shapes.networks {
      var run = try StepMeasurement(network, arithmetic.precision)
      if let images {
        try run.trainOnce(
          try ImageArchive.open(
            at: URL(filePath: images),
            largeByteCount: unadvised ? .max : ImageArchive.largeByteCount),
          steps: repeating.repetitions)
      } else {
        for repetition in 0..<repeating.repetitions { try run.repeatOnce(repetition) }
      }
      print(run.report)
    }
  }
}

/// The times of a step's parts and of whole steps, measured in turns.
private struct StepMeasurement {
  private enum Part: String, CaseIterable {
    case bytes = "images, a byte a value"
    case bits = "images, a bit a value"
    case archive = "images of the archive"
    case pack = "pack weights"
    case encode = "encode"
    case decodeFirst = "decode under ν₁"
    case decode = "decode under ν₂"
    case decodeBackward = "decoder gradients"
    case encodeBackward = "encoder gradients"
    case adam = "Adam"
    case one = "step, one decoder pass"
    case two = "step, two decoder passes"
  }

  private let measured: BenchmarkNetwork
  private let precision: Precision
  private let network: Autoencoder
  private let optimizer: AdamOptimizer
  private let onePass: Trainer
  private let twoPasses: Trainer
  private var limits: MachineLimits
  private var samples: [Part: Samples] = [:]
  private var inputs: [Part: StepInput] = [:]

  init(_ measured: BenchmarkNetwork, _ precision: Precision) throws {
    self.measured = measured
    self.precision = precision
    limits = MachineLimits(Arithmetic(precision))
    onePass = try measured.trainer(forceSecondPass: false, precision: precision)
    twoPasses = try measured.trainer(forceSecondPass: true, precision: precision)
    // The parts run on a separate network with a trainer's initial parameters.
    network = try Autoencoder(
      shape: measured.network(), batchSize: onePass.network.batchSize,
      settings: AutoencoderSettings(arithmetic: Arithmetic(precision)))
    _ = network.parameters.update(fromContentsOf: onePass.network.parameters)
    Noise(seed: 1).fill(network.images, 0...1)
    Noise(seed: 2).fill(network.latents, -1...1)
    optimizer = AdamOptimizer(count: network.parameters.count)
  }

  mutating func repeatOnce(_ repetition: Int) throws {
    limits.sample()
    let network = network
    time(.pack) { network.parametersChanged() }
    time(.encode) { network.encode() }
    time(.decodeFirst) { network.decode(updatingStatistics: false) }
    time(.decode) { network.decode(updatingStatistics: true) }
    time(.decodeBackward) { network.decodeBackward(errorScale: 0.1) }
    time(.encodeBackward) { network.encodeBackward() }
    let optimizer = optimizer
    time(.adam) {
      optimizer.step(
        repetition + 1, parameters: network.parameters, gradients: network.gradients,
        settings: .init())
    }
    let (onePass, twoPasses) = (onePass, twoPasses)
    for (part, encoding) in [(Part.bits, PixelEncoding.bit), (.bytes, .byte)] {
      var input = try inputs.removeValue(forKey: part) ?? StepInput(encoding, for: onePass)
      time(part) { input.load(into: onePass) }
      inputs[part] = input
    }
    try time(.one) { _ = try onePass.step() }
    try time(.two) { _ = try twoPasses.step() }
  }

  /// Takes steps on the images of an archive, like a trial.
  mutating func trainOnce(_ images: ImageArchive, steps: Int) throws {
    var input = try StepInput(images, for: onePass)
    limits.sample()
    let onePass = onePass
    for _ in 0..<steps {
      time(.archive) { input.load(into: onePass) }
      try time(.one) { _ = try onePass.step() }
    }
  }

  private mutating func time(_ part: Part, _ body: () throws -> Void) rethrows {
    try samples[part, default: Samples()].time(body)
  }

  var report: String {
    let work = NetworkWork(network.shape, in: Arithmetic(precision))
    let adam = [work.adam(network.parameters.count)]
    let (first, second) = (work.decode(writesGradient: false), work.decode(writesGradient: true))
    let one = work.encode + second + work.decodeBackward + work.encodeBackward + adam
    let passes: [Part: [Work]] = [
      .encode: work.encode, .decodeFirst: first, .decode: second,
      .decodeBackward: work.decodeBackward, .encodeBackward: work.encodeBackward, .adam: adam,
      .one: one, .two: one + first,
    ]
    var table = TextTable(
      "part", "ms", "wall ms", "M multiplies", "MB", "floor ms", "% of floor", "% of step")
    let step = samples[.one]?.wallMeanMilliseconds ?? 0
    for part in Part.allCases {
      guard let samples = samples[part] else { continue }
      let time = samples.processorMilliseconds
      let share = step > 0 ? (100 * samples.wallMeanMilliseconds / step).text(1) : ""
      if let work = passes[part] {
        let floor = limits.floorMilliseconds(work)
        table.add(
          part.rawValue, time.text(2), samples.wallMilliseconds.text(2),
          (millions(work, \.multiplies)).text(1), (millions(work, \.bytes)).text(1),
          floor.text(2), (100 * floor / time).text(0), share)
      } else {
        table.add(
          part.rawValue, time.text(2), samples.wallMilliseconds.text(2), "", "", "", "",
          share)
      }
    }
    return "\(measured.name) in \(precision.rawValue): \(limits.summary)\n\(table.text)"
  }

  private func millions(_ passes: [Work], _ count: KeyPath<Work, Int>) -> Double {
    Double(passes.reduce(0) { $0 + $1[keyPath: count] }) / 1e6
  }
}
