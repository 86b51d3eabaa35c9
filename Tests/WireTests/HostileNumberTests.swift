import Digests
import Testing
import Trials

@testable import Wire

@Suite("Impossible numbers and names")
struct HostileNumberTests {
  private func heartbeat(
    _ change: (inout PBClaim) -> Void
  ) throws(WireError) -> WorkerMessage.Claim? {
    var envelope = PBWorkerEnvelope()
    var claim = PBClaim()
    claim.trial = 1
    claim.attempt = 1
    claim.progress = Samples.progress.body
    change(&claim)
    envelope.heartbeat.claims = [claim]
    let message = try WorkerMessage(
      frames: try Framing.frames(of: envelope, limit: WireLimits.controlEnvelopeByteCount))
    guard case .heartbeat(let heartbeat) = message else { return nil }
    return heartbeat.claims.first
  }

  @Test(
    "Steps per second are 0 or large enough to divide by",
    arguments: [
      .nan, .signalingNaN, .infinity, -.infinity, 1e308, -1e308, 1e-308, 1e-30, -1, 1.1e12,
      .leastNonzeroMagnitude,
    ])
  func rates(rate: Double) {
    let error = #expect(throws: WireError.self) {
      try heartbeat { $0.progress.stepsPerSecond = rate }
    }
    guard case .malformed("steps_per_second", _, _) = error else {
      Issue.record("found \(String(describing: error))")
      return
    }
  }

  @Test("Threads and cores are within what a host can have; 0 leaves them open")
  func threads() throws {
    for threads in [UInt32(4097), .max] {
      #expect(throws: WireError.self) { try heartbeat { $0.threads = threads } }
      var worker = PBWorkerEnvelope()
      worker.announcement.worker = "w"
      worker.announcement.slots = 1
      worker.announcement.divisibleCores = threads
      #expect(throws: WireError.self) {
        try WorkerMessage(
          frames: try Framing.frames(of: worker, limit: WireLimits.controlEnvelopeByteCount))
      }
    }
    #expect(try heartbeat { $0.threads = 0 }?.threads == nil)
    #expect(try heartbeat { $0.threads = 4096 }?.threads == 4096)
    for threads in [UInt32(0), 4097, .max] {
      var coordinator = PBCoordinatorEnvelope()
      coordinator.threadsAssigned.trial = 1
      coordinator.threadsAssigned.attempt = 1
      coordinator.threadsAssigned.threads = threads
      #expect(throws: WireError.self) {
        try CoordinatorMessage(
          frames: try Framing.frames(of: coordinator, limit: WireLimits.controlEnvelopeByteCount))
      }
    }
  }

  @Test("Honest rates are accepted, from a stalled worker to one that computes nothing")
  func honestRates() throws {
    for rate in [0, 1e-9, 0.25, 1e12] {
      #expect(
        try heartbeat { $0.progress.stepsPerSecond = rate }?.progress?.stepsPerSecond == rate)
    }
  }

  @Test("Counts of a progress are within the ranges of a trial")
  func counts() {
    let changes: [(place: String, change: (inout PBProgress) -> Void)] = [
      ("step", { $0.step = 1 << 62 }), ("step", { $0.step = 1_000_000_001 }),
      ("step", { $0.step = .max }),
      ("total_steps", { $0.totalSteps = 1 << 63 - 1 }), ("total_steps", { $0.totalSteps = .max }),
      ("gates_open", { $0.gatesOpen = 4097 }), ("gates_open", { $0.gatesOpen = .max }),
    ]
    for (place, change) in changes {
      let error = #expect(throws: WireError.self) { try heartbeat { change(&$0.progress) } }
      guard case .malformed(place, _, _) = error else {
        Issue.record("found \(String(describing: error))")
        continue
      }
    }
  }

  @Test("An attempt number has at most 31 bits", arguments: [UInt32(1) << 31, .max])
  func attempts(attempt: UInt32) {
    #expect(
      throws: WireError.malformed(
        place: "attempt", found: "\(attempt)", expected: "1 to 2147483647")
    ) { try heartbeat { $0.attempt = attempt } }
    #expect(throws: WireError.self) { try Field.attempt(1, attempt) }
    var body = CoordinatorMessage.assignment(
      .init(
        attempt: Samples.attempt, configurationJSON: [], images: Samples.digest, imagesByteCount: 0)
    )
    #expect((try? CoordinatorMessage(frames: body.frames())) == body)
    if case .assignment(var assignment) = body {
      assignment.voidThrough = Int(attempt)
      body = .assignment(assignment)
    }
    #expect(throws: WireError.self) { try CoordinatorMessage(frames: body.frames()) }
  }

  @Test("Sizes are bounded, so that their sums do not overflow")
  func sizes() throws {
    #expect(throws: WireError.self) {
      try heartbeat {
        $0.checkpoint = Samples.checkpoint.body
        $0.checkpoint.bytes = 1 << 62
      }
    }
    let offer = DataRequest.offer(Samples.digest, byteCount: 1 << 51)
    #expect(throws: WireError.self) { try DataRequest(frames: offer.frames()) }
    let fetch = DataRequest.fetch(Samples.digest, offset: .max, byteCountMaximum: 1)
    #expect(throws: WireError.self) { try DataRequest(frames: fetch.frames()) }
  }

  /// An announcement as it arrives when it was sent with some texts.
  private func announcement(
    _ change: (inout PBAnnouncement) -> Void
  ) throws(WireError) -> WorkerMessage.Announcement? {
    let frames = try WorkerMessage.announcement(Samples.announcement).frames()
    var envelope = try Framing.openCurrent(
      frames, as: PBWorkerEnvelope.self, limit: WireLimits.controlEnvelopeByteCount
    ).envelope
    change(&envelope.announcement)
    let message = try WorkerMessage(
      frames: try Framing.frames(of: envelope, limit: WireLimits.controlEnvelopeByteCount))
    guard case .announcement(let announcement) = message else { return nil }
    return announcement
  }

  @Test("Names of hosts, processors and builds are single lines of bounded length")
  func names() throws {
    let arrived = try announcement {
      $0.host = "a\ntrial 3 complete, by\u{1B}[2J"
      $0.processor = "\u{202E}upc\t"
      $0.obstacle = "full\r\nworker w joined"
    }
    #expect(arrived?.host == "a\u{FFFD}trial 3 complete, by\u{FFFD}[2J")
    #expect(arrived?.processor == "\u{FFFD}upc\u{FFFD}")
    #expect(arrived?.obstacle == "full\u{FFFD}\u{FFFD}worker w joined")
    let long = String(repeating: "x", count: 257)
    #expect(throws: WireError.tooLarge(place: "host bytes", count: 257, limit: 256)) {
      try announcement { $0.host = long }
    }
    #expect(throws: WireError.self) { try announcement { $0.processor = long } }
    #expect(throws: WireError.self) { try announcement { $0.productVersion = long } }
    #expect(throws: WireError.self) {
      try announcement { $0.instructionSet = String(repeating: "x", count: 33) }
    }
  }

  @Test("A name that is too long is truncated before it is sent")
  func cutNames() throws {
    var long = Samples.announcement
    long.host = String(repeating: "é", count: 200)
    let frames = try WorkerMessage.announcement(long).frames()
    guard case .announcement(let arrived) = try WorkerMessage(frames: frames) else {
      Issue.record("expected an announcement")
      return
    }
    #expect(arrived.host == String(repeating: "é", count: 128))
  }

  // MARK: - Whose a result is

  private let maker = ResultMaker(
    host: "höst", processor: "CPU @ 3 GHz", instructionSet: "avx2", build: "0.1.0+a")

  @Test("A result that agrees with its worker's announcement keeps its bytes")
  func honestMaker() throws {
    let received = ReceivedResult(Samples.result)
    #expect(try received.attributed(to: maker) == received)
    var ours = Samples.result
    ours.provenance.versions[TrialProvenance.program] = "0.1.0+a"
    #expect(try ReceivedResult(ours).attributed(to: maker) == ReceivedResult(ours))
    let unknown = ResultMaker(host: "", processor: "", instructionSet: "", build: "")
    #expect(try ReceivedResult(ours).attributed(to: unknown) == ReceivedResult(ours))
  }

  @Test("Host and build are those that the worker announced, whatever its result says")
  func falseMaker() throws {
    var said = Samples.result
    said.provenance.host = "somebody-else"
    said.provenance.processor = "quantum"
    said.provenance.instructionSet = "avx512"
    said.provenance.versions[TrialProvenance.program] = "0.1.0+b"
    let received = ReceivedResult(said)
    let attributed = try received.attributed(to: maker)
    var expected = Samples.result
    expected.provenance.versions[TrialProvenance.program] = "0.1.0+a"
    expected.provenance.versions[TrialProvenance.programSaid] = "0.1.0+b"
    #expect(attributed.result == expected)
    #expect(attributed.contentDigest == received.contentDigest)
    // What was said stays in the record, before what is known.
    #expect(attributed.bytes.starts(with: received.bytes))
    #expect(try ReceivedResult(serialised: attributed.bytes) == attributed)
  }
}
