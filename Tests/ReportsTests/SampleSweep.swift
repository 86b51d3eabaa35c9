import Digests
import Foundation
import Trials

/// A synthetic sweep with results from simple formulas, and the files of its trials.
struct SampleSweep {
  var results: SweepResults
  /// The files of the trials by digest.
  var files: [Digest: Data] = [:]

  /// A sweep of planned trials, none of which has run.
  init(name: String = "front", outputs: [SweepOutput], trials: [PlannedTrial]) {
    let plan = SweepPlan(
      name: name, question: "How many dimensions does τ need?", outputs: outputs, trials: trials)
    results = SweepResults(
      plan: plan,
      trials: trials.map { planned in
        RecordedTrial(
          planned: planned, status: .waiting, attempts: 0, result: nil, failure: nil, worker: nil)
      })
  }

  struct MissingFile: Error, CustomStringConvertible {
    var description: String { "no such file" }
  }

  var load: (Artifact) throws -> Data {
    let files = files
    return { artifact in
      guard let data = files[artifact.digest] else { throw MissingFile() }
      return data
    }
  }

  /// A trial's configuration, small by default.
  static func configuration(
    dataset: Dataset = .mnist, latents: Int = 3, tolerance: Parameter<Double>,
    milestones: [Budget] = [.batches(100), .batches(200)], seed: UInt64 = 1
  ) -> TrialConfiguration {
    TrialConfiguration(
      dataset: dataset,
      model: ModelSettings(
        channels: TrialConfiguration.defaultChannels(for: dataset), latents: .value(latents)),
      tolerance: tolerance, milestones: milestones, seed: seed)
  }

  /// Completes a trial: its last milestones have the given gates and MSE.
  mutating func complete(
    _ index: Int, gatesOpen: [Int], mse: Double, sampleCount: Int = 5, imageSide: Int = 2,
    images: [(original: [UInt8], reconstruction: [UInt8])] = [],
    imageCounts: (training: Int, evaluation: Int)? = nil
  ) {
    let planned = results.trials[index].planned
    let reports = Dictionary(
      uniqueKeysWithValues: results.trials.compactMap { trial in
        trial.result?.milestones.last.map { (trial.planned.id, $0) }
      })
    guard
      let configuration = try? planned.configuration.resolved({ reports[$0] }),
      let latents = try? configuration.resolvedLatents()
    else { preconditionFailure("a sample is completed after its parents") }
    let milestones = zip(configuration.milestones, gatesOpen).map { budget, open in
      MilestoneReport(
        budget: budget, tolerance: (try? configuration.resolvedTolerance()) ?? 0,
        step: budget.count, ending: budget == configuration.milestones.last ? .budget : .goesOn,
        stateDigest: nil, gatesOpen: open, mse: mse,
        evaluationMSE: mse * 1.125, firstHitStep: configuration.narrows ? 40 : nil,
        multiplier: 0.25,
        openProbabilities: (0..<latents).map { $0 < open ? 0.75 : 0.25 })
    }
    let lastStep = milestones.last?.step ?? 1
    let trajectory = Self.trajectory(
      latents: latents, open: gatesOpen.last ?? 0, mse: mse, lastStep: lastStep,
      count: sampleCount)
    let artifacts = [
      store(.model, Data("model \(planned.id)".utf8)),
      store(.trajectory, trajectory),
      store(.reconstructions, Self.reconstructions(images, side: imageSide, counts: imageCounts)),
      store(.pace, Self.pace(lastStep: lastStep, count: sampleCount)),
      store(.log, Data((index == 0 ? "" : "log \(planned.id)").utf8)),
    ]
    results.trials[index].status = .complete
    results.trials[index].attempts = 1
    results.trials[index].recordedAttempt = 1
    results.trials[index].worker = "worker-a"
    results.trials[index].result = TrialResult(
      milestones: milestones, artifacts: artifacts,
      provenance: TrialProvenance(
        configuration: configuration, images: Digest.of("images"), host: "node, 1",
        processor: "CPU \"fast\"", instructionSet: "avx512",
        versions: ["swift": "6.3", "kernel": "6.1"], started: "2026-01-02T03:04:05Z",
        seconds: 12.5, processorSeconds: 12.25, steps: lastStep, secondPassShare: 0.5,
        peakResidentBytes: 1_000_000))
  }

  /// Gives a finished trial another file of some kind.
  mutating func replace(_ kind: ArtifactKind, of index: Int, with data: Data) {
    let artifact = store(kind, data)
    let artifacts = results.trials[index].result?.artifacts.map { $0.kind == kind ? artifact : $0 }
    results.trials[index].result?.artifacts = artifacts ?? []
  }

  /// Gives a finished trial a further file.
  mutating func add(_ kind: ArtifactKind, to index: Int, _ data: Data) {
    let artifact = store(kind, data)
    results.trials[index].result?.artifacts.append(artifact)
  }

  /// Gives a complete trial the pace of another machine; its numbers stay.
  mutating func slowDown(_ index: Int) {
    guard
      let place = results.trials[index].result?.artifacts.firstIndex(where: { $0.kind == .pace }),
      let pace = results.trials[index].result.flatMap({ files[$0.artifacts[place].digest] })
    else { preconditionFailure("the trial is complete") }
    let rows = String(decoding: pace, as: UTF8.self).replacing(",8\n", with: ",4\n")
    let slower = store(.pace, Data(rows.utf8))
    results.trials[index].result?.artifacts[place] = slower
  }

  private mutating func store(_ kind: ArtifactKind, _ data: Data) -> Artifact {
    let digest = Digest.of(data)
    files[digest] = data
    return Artifact(kind: kind, digest: digest, byteCount: data.count)
  }

  private static func steps(lastStep: Int, count: Int) -> [Int] {
    (0..<count).map { 1 + $0 * (lastStep - 1) / max(count - 1, 1) }
  }

  /// A synthetic trajectory: errors decay to `mse`, gates close one after another.
  static func trajectory(
    latents: Int, open: Int, mse: Double, lastStep: Int, count: Int
  ) -> Data {
    var text =
      "step,squared_error,mse,constraint_average,multiplier,tolerance_hits,gates_open,"
      + "expected_open,kl" + (0..<latents).map { ",gate_\($0)" }.joined() + "\n"
    for (row, step) in steps(lastStep: lastStep, count: count).enumerated() {
      let share = Double(row) / Double(max(count - 1, 1))
      let average = mse * (1 + 20 * exp(-25 * share))
      let noise = sin(Double(row) * 12.9898) * 0.12
      let gates = (0..<latents).map { gate -> Double in
        if gate < open { return 0.95 + 0.05 * min(1, share * 3) }
        let closing = 0.15 + 0.6 * Double(latents - gate) / Double(latents)
        return 0.95 / (1 + exp(30 * (share - closing)))
      }
      let expected = gates.reduce(0, +)
      let hits = min(1, max(0, 0.5 * (1 - exp(-12 * share)) + noise))
      let multiplier = 0.2 + 4.8 * exp(-18 * share) * min(1, share * 40 + 0.2)
      let numbers = [
        average * (1 + noise), average, average - mse, multiplier, hits,
        Double(gates.count { $0 > 0.5 }), expected, 3 + expected,
      ]
      text += "\(step)," + (numbers + gates).map(\.description).joined(separator: ",") + "\n"
    }
    return Data(text.utf8)
  }

  static func pace(lastStep: Int, count: Int) -> Data {
    var text = "step,seconds,steps_per_second\n"
    for step in steps(lastStep: lastStep, count: count) {
      text += "\(step),\(Double(step) / 8),\(8 + step % 2)\n"
    }
    return Data(text.utf8)
  }

  /// A reconstructions file of square grey images; two of one grey each when none are given.
  static func reconstructions(
    _ images: [(original: [UInt8], reconstruction: [UInt8])], side: Int,
    counts: (training: Int, evaluation: Int)? = nil
  ) -> Data {
    let told = counts.map {
      ",\"training_images\":\"\($0.training)\",\"evaluation_images\":\"\($0.evaluation)\""
    }
    let plain = [UInt8](repeating: 255, count: side * side)
    let images =
      images.isEmpty
      ? [(plain, plain.map { $0 / 2 }), (plain.map { $0 / 4 }, plain.map { $0 / 8 })] : images
    let bytes = images.count * side * side
    let shape = "[\(images.count),\(side),\(side),1]"
    return safetensors(
      header: """
        {"__metadata__":{"format":"pt"\(told ?? "")},\
        "originals":{"dtype":"U8","shape":\(shape),"data_offsets":[0,\(bytes)]},\
        "reconstructions":{"dtype":"U8","shape":\(shape),\
        "data_offsets":[\(bytes),\(2 * bytes)]}}
        """,
      body: images.flatMap(\.0) + images.flatMap(\.1))
  }

  static func safetensors(header: String, body: [UInt8]) -> Data {
    var data = Data()
    withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { data.append(contentsOf: $0) }
    return data + Data(header.utf8) + Data(body)
  }
}

extension TrialConfiguration {
  /// Whether τ is not 0.
  fileprivate var narrows: Bool { tolerance != .value(0) }
}
