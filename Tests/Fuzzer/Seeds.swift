#if FUZZING
  import Digests
  import Foundation
  import TensorFiles
  import Trials
  import Wire

  @testable import CoordinatorService

  extension Subject {
    /// Valid inputs, which the fuzzer mutates.
    var seeds: [[UInt8]] {
      switch self {
      case .messages: Seeds.messages
      case .control: Seeds.control
      case .results: [ReceivedResult(Seeds.result).bytes]
      case .reports:
        Seeds.reports.map(\.serialised) + [Array(CanonicalJSON.data(Seeds.reports))]
      case .pieces: Seeds.pieces
      case .checkpoints: Seeds.tensors
      case .tables: [Seeds.trajectory, Seeds.pace].map { Array($0.utf8) }
      case .json: Seeds.json
      case .texts:
        ["trial t0123 complete, by h:1", "=1+1\u{1B}[2J\r\n\u{202E}<b>&\"", "τ = 8 · 28×28\t"]
          .map { Array($0.utf8) }
      }
    }

    /// Writes each seed to a file in the subject's folder.
    func writeSeeds(below folder: URL) throws {
      let folder = folder.appending(path: rawValue)
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      for (index, seed) in seeds.enumerated() {
        try Data(seed).write(to: folder.appending(path: "seed-\(index)"))
      }
    }
  }

  /// Valid examples.
  private enum Seeds {
    static let digest = Digest.of("seed")
    static let attempt = AttemptKey(trial: TrialID(rawValue: 0x0123_4567_89AB_CDEF), attempt: 7)

    static let reports = [10, 20].map { step in
      MilestoneReport(
        budget: .batches(step), tolerance: 14.5, step: step,
        ending: step == 20 ? .budget : .goesOn, stateDigest: digest, gatesOpen: 2, mse: 12.5,
        evaluationMSE: 13.25, firstHitStep: 7, multiplier: 0.5, openProbabilities: [0.9, 0.75, 0])
    }

    static let result = TrialResult(
      milestones: reports,
      artifacts: ArtifactKind.allCases.map { Artifact(kind: $0, digest: digest, byteCount: 100) },
      provenance: TrialProvenance(
        configuration: Subject.configuration, images: digest, host: "h", processor: "p",
        instructionSet: "avx2", versions: ["worker": "1.2"], started: "2026-01-31T12:00:00Z",
        seconds: 1.5, processorSeconds: 1.25, steps: 20,
        resumed: [Resumption(step: 10, host: "first", instructionSet: "avx512")],
        secondPassShare: 0.25, peakResidentBytes: 1 << 30))

    static let trajectory = """
      step,squared_error,mse,constraint_average,multiplier,tolerance_hits,gates_open,expected_open,\
      kl,gate_0,gate_1,gate_2
      10,21.5,21.5,0.5,0.5,0,2,1.875,1,0.9375,0.8125,0.125
      20,20.5,20.5,0.25,0.5,1,2,1.875,1,0.9375,0.8125,0.125

      """

    static let pace = "step,seconds,steps_per_second\n10,0.5,20\n20,1,20\n"

    static let start = TrajectoryStart.beginning.advanced(by: Array(trajectory.utf8))

    static let checkpoint = TrialCheckpoint(
      step: 20, digest: digest, byteCount: 3_000, instructionSet: "avx2", stateDigest: digest,
      trajectory: start.prefix)

    static let progress = TrialProgress(
      step: 10, totalSteps: 20, mse: 14.25, gatesOpen: 2, multiplier: 0.125, stepsPerSecond: 250.5)

    static let pieces =
      [Array(trajectory.utf8), Array(CanonicalJSON.data(start))]
      + [UInt8(0), 63, 200].map { count in
        let stream = TrajectoryStart.beginning.advanced(
          by: [UInt8](repeating: 55, count: Int(count)))
        return [count] + stream.hashState
      }

    static let json: [[UInt8]] = [
      Array(Subject.configuration.canonicalText.utf8),
      Array(CanonicalJSON.data(progress)),
      Array(CanonicalJSON.data(TrialFailure(cause: .exitCode, message: "exit code 1"))),
      Array(
        CanonicalJSON.data([Resumption(step: 10, host: "first", instructionSet: "avx512")])),
      Array(CanonicalJSON.data(checkpoint)),
    ]

    static let tensors: [[UInt8]] = [
      Safetensors(
        metadata: ["images": "2"],
        tensors: ["originals", "reconstructions"].map {
          .init(name: $0, shape: [2, 2, 2, 1], elements: [UInt8](repeating: 7, count: 8))
        }),
      Safetensors(
        metadata: ["trial": "0123456789abcdef", "step": "20"],
        tensors: [
          .init(name: "weights", shape: [2, 2], elements: [Float](repeating: 0.5, count: 4)),
          .init(name: "step", shape: [], elements: [Int64(20)]),
          .init(name: "average", shape: [1], elements: [0.25]),
        ]),
    ].map { Array($0.encoded()) }

    /// The first byte selects frame 0, see ``Subject/messages``.
    static let messages: [[UInt8]] = {
      let claims = [
        WorkerMessage.Claim(attempt: attempt, progress: progress, checkpoint: checkpoint),
        WorkerMessage.Claim(
          attempt: attempt, refusedCheckpoints: [RefusedCheckpoint(digest: digest, reason: "NaN")]),
      ]
      let worker: [WorkerMessage] = [
        .announcement(
          .init(
            productVersion: "1.2.3", worker: "h:1", host: "h", processor: "p",
            instructionSet: "avx2", coreCount: 4, memoryByteCount: 1 << 30, slotCount: 2,
            sweepID: "0f1e2d3c", claims: claims)),
        .heartbeat(.init(sequence: 1, claims: claims, obstacle: "its disk is full")),
        .reportReached(.init(attempt: attempt, index: 0, report: reports[0])),
        .trajectoryGrown(
          .init(
            attempt: attempt, start: .empty, payload: Array("step\n".utf8), endDigest: digest)),
        .finished(.init(attempt: attempt, result: ReceivedResult(result).bytes)),
        .attemptFailed(.init(attempt: attempt, cause: "exit-code", message: "exit code 1")),
        .goodbye(reason: "done"),
      ]
      let coordinator: [CoordinatorMessage] = [
        .assignment(
          .init(
            attempt: attempt, configurationJSON: Array(Subject.configuration.canonicalText.utf8),
            images: digest, imagesByteCount: 1000,
            checkpoints: [ResumePoint(checkpoint: checkpoint, trajectory: start)])),
        .artifactsWanted(attempt, digests: [digest]), .shutDown(reason: "done"),
      ]
      let requests: [DataRequest] = [
        .fetch(digest, offset: 0, byteCountMaximum: 65_536), .offer(digest, byteCount: 3000),
        .store(digest, offset: 0, total: 3, payload: [1, 2, 3]),
      ]
      let replies: [DataReply] = [
        .chunk(digest, offset: 0, total: 3, payload: [1, 2, 3]), .missing(digest),
      ]
      let frames =
        worker.map { try? $0.frames() } + coordinator.map { try? $0.frames() }
        + requests.map { try? $0.frames() } + replies.map { try? $0.frames() }
        + [try? AccessRequest.enrolment(key: digest.bytes, host: "h").frames()]
      return frames.compactMap { $0 }.map { [0] + $0[1] }
    }()

    static let control: [[UInt8]] = {
      let requests: [AdministrationRequest] = [
        .init(.status), .init(.explain, trials: ["t0123"]),
        .init(.cancel, trials: ["latents=10,tolerance=3"], preview: true, reason: "not needed"),
        .init(.retry, failed: true), .init(.drain, host: "h", reason: "maintenance"),
        .init(.resumeStage, stage: "main"),
      ]
      let lines = requests.compactMap { try? JSONEncoder().encode($0) }
      return lines.map { Array($0) } + [Array(AdministrationReply(changes: ["a line"]).line)]
    }()
  }
#endif
