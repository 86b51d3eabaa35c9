#if FUZZING
  import Console
  import Digests
  import Foundation
  import TensorFiles
  import Trials
  import Wire

  @testable import CoordinatorService
  @testable import Reports

  /// A group of decoders.
  enum Subject: String, CaseIterable {
    /// Messages of all connections; the first byte selects frame 0, the others are frame 1.
    case messages
    /// Requests and replies of the administration socket, and selectors of trials.
    case control
    /// Results, and the check whether they are possible for their trial.
    case results
    /// Reports, on the wire and in checkpoints.
    case reports
    /// Pieces of trajectories, and the states of their digests.
    case pieces
    /// Checkpoints and other files of tensors.
    case checkpoints
    /// Tables that trials write, and the figure drawn from them.
    case tables
    /// Canonical JSON: configurations, progress, failures.
    case json
    /// Texts for people.
    case texts

    /// The subjects that the environment selects.
    static let chosen: [Subject] = {
      guard let name = ProcessInfo.processInfo.environment["FUZZ"] else { return allCases }
      guard let subject = Subject(rawValue: name) else {
        fatalError("FUZZ=\(name): expected one of \(allCases.map(\.rawValue))")
      }
      return [subject]
    }()

    /// Decodes an input, which must give a value or an error.
    func decode(_ input: [UInt8]) {
      switch self {
      case .messages: decodeMessages(input)
      case .control: decodeControl(input)
      case .results: decodeResult(input)
      case .reports: decodeReport(input)
      case .pieces: decodeTrajectory(input)
      case .checkpoints: decodeTensors(input)
      case .tables: decodeTables(input)
      case .json: decodeJSON(input)
      case .texts: decodeText(input)
      }
    }
  }

  extension Subject {
    /// The trial with which results, reports and tables are compared.
    static let configuration = TrialConfiguration(
      dataset: .sprites28, model: ModelSettings(channels: [4, 4, 8], latents: .value(3)),
      tolerance: .value(14.5), milestones: [.batches(10), .batches(20)], seed: 1)
  }

  private let bounds = try? ResultBounds(Subject.configuration, trainingImageCount: 1000)

  private func decodeMessages(_ input: [UInt8]) {
    let current = ProtocolVersion.current
    var header = Array("BNSW".utf8) + [UInt8(current.major), 0, UInt8(current.minor), 0]
    if let first = input.first, first >= 0xF0 { header[4] = first & 0x0F }
    let frames = [header, Array(input.dropFirst())]
    if let message = try? WorkerMessage(frames: frames) { check(message) }
    _ = try? CoordinatorMessage(frames: frames)
    _ = try? AccessRequest(frames: frames)
    _ = try? AccessReply(frames: frames)
    _ = try? DataRequest(frames: frames)
    _ = try? DataReply(frames: frames)
  }

  /// Checks that the coordinator can compute with the numbers of a message.
  private func check(_ message: WorkerMessage) {
    let claims: [WorkerMessage.Claim]
    switch message {
    case .announcement(let announcement): claims = announcement.claims
    case .heartbeat(let heartbeat): claims = heartbeat.claims
    default: return
    }
    for claim in claims {
      precondition((1...Int(Int32.max)).contains(claim.attempt.attempt))
      guard let progress = claim.progress else { continue }
      precondition(progress.step <= Budget.maximumCount)
      guard progress.stepsPerSecond > 0 else { continue }
      let seconds = Double(progress.totalSteps) / progress.stepsPerSecond
      _ = Duration.seconds(seconds)
    }
  }

  /// A decoded request must be the same after encoding and decoding.
  ///
  /// Its selectors must select trials or give an error.
  private func decodeControl(_ bytes: [UInt8]) {
    if let request = try? AdministrationRequest(line: bytes) {
      guard let line = try? JSONEncoder().encode(request) else {
        preconditionFailure("a request that cannot be written")
      }
      precondition((try? AdministrationRequest(line: line)) == request)
      let trial = PlannedTrial(
        stage: "main", replicate: 0, configuration: Subject.configuration)
      for text in request.trials ?? [] { _ = try? TrialSelector(text).selectAll(in: [trial]) }
    }
    _ = try? TrialSelector(String(decoding: bytes, as: UTF8.self))
    guard let reply = try? AdministrationReply(line: Data(bytes)) else { return }
    precondition((try? AdministrationReply(line: reply.line)) != nil)
    _ = reply.json
    _ = reply.status?.text
  }

  /// A decoded result must be encodable as JSON, attributable to a worker, and decodable again.
  private func decodeResult(_ bytes: [UInt8]) {
    guard let received = try? ReceivedResult(serialised: bytes) else { return }
    _ = CanonicalJSON.data(received.result)
    _ = try? ReceivedResult(serialised: ReceivedResult(received.result).bytes)
    let maker = ResultMaker(host: "h", processor: "p", instructionSet: "i", build: "b")
    if let attributed = try? received.attributed(to: maker) {
      precondition(attributed.result.provenance.host == "h")
      precondition(attributed.contentDigest == received.contentDigest)
    }
    if bounds?.defect(of: received.result) == nil {
      let probabilities = received.result.milestones.flatMap(\.openProbabilities)
      precondition(probabilities.allSatisfy { (0...1).contains($0) })
    }
  }

  /// A decoded report must be the same after encoding and decoding.
  private func decodeReport(_ bytes: [UInt8]) {
    if let report = try? MilestoneReport(serialised: bytes) {
      let again = try? MilestoneReport(serialised: report.serialised)
      precondition(again.map(CanonicalJSON.data) == CanonicalJSON.data(report))
      _ = bounds?.defect(of: report)
    }
    let reports = try? CanonicalJSON.decode([MilestoneReport].self, from: Data(bytes))
    for report in reports ?? [] { _ = bounds?.defect(of: report)?.description }
  }

  /// Decodes a trajectory's rows, states of its digest, and starts; the first byte of a state is the
  /// number of bytes before it.
  private func decodeTrajectory(_ bytes: [UInt8]) {
    _ = TrajectoryText.beginning(of: bytes, sampleEvery: 10, milestones: [25])
    _ = try? CanonicalJSON.decode(TrajectoryStart.self, from: Data(bytes))
    guard let first = bytes.first else { return }
    let state = Array(bytes.dropFirst())
    for byteCount in [Int(first), Int(first) << 40, Int.max - Int(first), -Int(first)] {
      guard var stream = DigestStream(state: state, byteCount: byteCount) else { continue }
      precondition(stream.state == state)
      stream.append(bytes)
      _ = stream.digest
    }
    // A start is valid only with the digest of its state, so construct a valid one.
    guard let stream = DigestStream(state: state, byteCount: Int(first)) else { return }
    let prefix = TrajectoryPrefix(stream, byteCount: Int(first))
    guard let start = TrajectoryStart(prefix: prefix, hashState: state) else {
      preconditionFailure("a state without the digest that follows from it")
    }
    let checkpoint = TrialCheckpoint(
      step: Int(first), digest: prefix.digest, byteCount: state.count, instructionSet: "none",
      stateDigest: prefix.digest, trajectory: prefix)
    let assignment = CoordinatorMessage.assignment(
      .init(
        attempt: AttemptKey(trial: TrialID(rawValue: UInt64(first)), attempt: 1),
        configurationJSON: [], images: prefix.digest, imagesByteCount: 0,
        checkpoints: [ResumePoint(checkpoint: checkpoint, trajectory: start)]))
    let received = try? CoordinatorMessage(frames: assignment.frames())
    precondition(received == assignment)
    precondition(start.advanced(by: bytes).prefix.byteCount == Int(first) + bytes.count)
  }

  private func decodeTensors(_ bytes: [UInt8]) {
    let data = Data(bytes)
    if let file = try? Safetensors(parsing: data) {
      _ = file.dataDigest
      _ = file.encoded()
    }
    _ = (try? Reconstructions(data))?.strip.png
  }

  /// Any table that is decoded as a trajectory must give a figure.
  private func decodeTables(_ bytes: [UInt8]) {
    let data = Data(bytes)
    let pace = try? PaceTable(data)
    let begun =
      Data((TrajectoryText.fixedColumns.joined(separator: ",") + ",gate_0\n").utf8) + data
    for text in [data, begun] {
      guard let trajectory = try? TrajectoryTable(text) else { continue }
      if let pace { _ = trajectory.joined(with: pace) }
      let trial = RecordedTrial(
        planned: PlannedTrial(stage: "main", replicate: 0, configuration: Subject.configuration),
        status: .complete, attempts: 1, result: nil, failure: nil, worker: nil)
      let drawing = Figure1Drawing(trial: trial, trajectory: trajectory, banner: nil)
      precondition(!drawing.svg.isEmpty)
    }
  }

  private func decodeJSON(_ bytes: [UInt8]) {
    let data = Data(bytes)
    if let read = try? CanonicalJSON.decode(TrialConfiguration.self, from: data) {
      _ = try? read.validate()
      precondition(read.canonicalText == CanonicalJSON.text(read))
    }
    _ = try? CanonicalJSON.decode(TrialProgress.self, from: data)
    _ = try? CanonicalJSON.decode(TrialFailure.self, from: data)
    _ = try? CanonicalJSON.decode([Resumption].self, from: data)
    _ = try? CanonicalJSON.decode(TrialCheckpoint.self, from: data)
  }

  /// No text may control a terminal, become a formula or end its XML element.
  ///
  /// A text without such characters must stay the same, and a stream in pieces must give the same text
  /// as in one piece.
  private func decodeText(_ bytes: [UInt8]) {
    let text = String(decoding: bytes, as: UTF8.self)
    let line = PlainText.line(text)
    precondition(PlainText.line(line) == line)
    precondition(!line.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x7F })
    let cell = CSVCell.foreign(text)
    precondition(!["=", "+", "-", "@"].contains(cell.first))
    let drawn = SVGDrawing.escaped(text)
    precondition(!drawn.utf8.contains(UInt8(ascii: "<")))
    guard let first = bytes.first else { return }
    var (whole, pieces) = (TerminalStream(), TerminalStream())
    let cut = min(Int(first), bytes.count)
    let shown = pieces.take(Data(bytes[..<cut])) + pieces.take(Data(bytes[cut...]))
    let once = whole.take(Data(bytes))
    if text.utf8.elementsEqual(bytes), !text.utf8.contains(UInt8(ascii: "\r")) {
      precondition(shown == once)
    }
  }
#endif
