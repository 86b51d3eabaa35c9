import ArgumentParser
import Autoencoder
import Narrowing
import Primitives
import Trials

/// `benchmarks step`: one training step, by part.
struct StepCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "step",
    abstract: "Times one training step and its parts beside the core's limits.",
    discussion: """
      The floor is arithmetic at the pace of multiply-adds on registers plus unavoidable memory \
      at the pace of a copy of that size; unavoidable is each activation and gradient once per \
      pass. The whole step \
      is the trainer's own, random numbers, gates and sampling included.
      """)

  @OptionGroup var shapes: ShapeOptions
  @OptionGroup var arithmetic: PrecisionOption
  @OptionGroup var repeating: RepetitionsOption

  func run() throws {
    for shape in shapes.shapes {
      var run = try StepMeasurement(shape, arithmetic.precision)
      for repetition in 0..<repeating.repetitions { try run.repeatOnce(repetition) }
      print(run.report)
    }
  }
}

/// The repetitions of one step's parts and of whole steps, in turns.
private struct StepMeasurement {
  private enum Part: String, CaseIterable {
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

  private let shape: BenchmarkShape
  private let precision: Precision
  private let network: Autoencoder
  private let optimizer: AdamOptimizer
  private let onePass: Trainer
  private let twoPasses: Trainer
  private var limits: MachineLimits
  private var samples: [Part: Samples] = [:]

  init(_ shape: BenchmarkShape, _ precision: Precision) throws {
    self.shape = shape
    self.precision = precision
    limits = MachineLimits(Arithmetic(precision))
    onePass = try shape.trainer(forceSecondPass: false, precision: precision)
    twoPasses = try shape.trainer(forceSecondPass: true, precision: precision)
    // The parts run on a network of their own, with the initial parameters of a trainer's.
    network = try Autoencoder(
      shape: shape.network(), batchSize: onePass.network.batchSize,
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
    try time(.one) { _ = try onePass.step() }
    try time(.two) { _ = try twoPasses.step() }
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
    var table = TextTable("part", "ms", "wall ms", "M multiplies", "MB", "floor ms", "% of floor")
    for part in Part.allCases {
      guard let samples = samples[part] else { continue }
      let time = samples.processorMilliseconds
      if let work = passes[part] {
        let floor = limits.floorMilliseconds(work)
        table.add(
          part.rawValue, time.text(2), samples.wallMilliseconds.text(2),
          (millions(work, \.multiplies)).text(1), (millions(work, \.bytes)).text(1),
          floor.text(2), (100 * floor / time).text(0))
      } else {
        table.add(part.rawValue, time.text(2), samples.wallMilliseconds.text(2), "", "", "", "")
      }
    }
    return "\(shape.rawValue) in \(precision.rawValue): \(limits.summary)\n\(table.text)"
  }

  private func millions(_ passes: [Work], _ count: KeyPath<Work, Int>) -> Double {
    Double(passes.reduce(0) { $0 + $1[keyPath: count] }) / 1e6
  }
}
