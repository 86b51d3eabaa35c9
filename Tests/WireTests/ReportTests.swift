import Digests
import Foundation
import Testing
import Trials

@testable import Wire

@Suite("Reports of milestones")
struct ReportTests {
  @Test(
    "A report is read back to the last bit",
    arguments: [Samples.report, Samples.lastReport, Samples.earlyReport])
  func roundTrip(report: MilestoneReport) throws {
    #expect(try MilestoneReport(serialised: report.serialised) == report)
  }

  @Test("Fields that a later minor version adds to a report are ignored")
  func unknownField() throws {
    let longer = Samples.report.serialised + [0xA0, 0x06, 0x01]
    #expect(try MilestoneReport(serialised: longer) == Samples.report)
  }

  /// A report with one field changed.
  struct Change: CustomTestStringConvertible {
    let testDescription: String
    let change: @Sendable (inout PBReport) -> Void

    init(_ name: String, _ change: @escaping @Sendable (inout PBReport) -> Void) {
      testDescription = name
      self.change = change
    }
  }

  private static let changes: [Change] = [
    Change("no budget") { $0.budget = "" },
    Change("budget of no unit") { $0.budget = "5 minutes" },
    Change("negative budget") { $0.budget = "-1 batches" },
    Change("huge budget") { $0.budget = "99999999999999999999 batches" },
    Change("tolerance not a number") { $0.tolerance = .nan },
    Change("infinite tolerance") { $0.tolerance = -.infinity },
    Change("step 0") { $0.step = 0 },
    Change("step above 10^9") { $0.step = 1_000_000_001 },
    Change("step -1") { $0.step = .max },
    Change("no ending") { $0.ending = "" },
    Change("ending in capitals") { $0.ending = "Budget" },
    Change("ending with a control character") { $0.ending = "a\u{1B}" },
    Change("ending of 33 letters") { $0.ending = String(repeating: "a", count: 33) },
    Change("state digest of 31 bytes") { $0.stateSha256 = Data(count: 31) },
    Change("4,097 gates open") { $0.gatesOpen = 4097 },
    Change("gates open -1") { $0.gatesOpen = .max },
    Change("mse not a number") { $0.mse = .nan },
    Change("infinite evaluation mse") { $0.evaluationMse = .infinity },
    Change("first hit in step 0") { $0.firstHitStep = 0 },
    Change("first hit in step -1") { $0.firstHitStep = .max },
    Change("infinite multiplier") { $0.multiplier = .infinity },
    Change("a probability not a number") { $0.openProbabilities[1] = .signalingNaN },
    Change("an infinite probability") { $0.openProbabilities[2] = -.infinity },
    Change("5,000 probabilities") {
      $0.openProbabilities = [Double](repeating: 0.5, count: 5000)
    },
  ]

  @Test("A report with a field out of its range is an error", arguments: changes)
  func hostile(change: Change) throws {
    var body = Samples.report.body
    change.change(&body)
    #expect(throws: WireError.self) {
      try MilestoneReport(serialised: Framing.bytes(of: body))
    }
  }

  @Test("A report without a state digest is read from earlier records, but refused from workers")
  func noStateDigest() throws {
    var report = Samples.report
    report.stateDigest = nil
    #expect(try MilestoneReport(serialised: report.serialised) == report)
    let message = WorkerMessage.reportReached(
      .init(attempt: Samples.attempt, index: 0, report: report))
    let frames = try message.frames()
    #expect(throws: WireError.self) { try WorkerMessage(frames: frames) }
  }

  @Test("Of a result, report or piece that cannot be read, the attempt can, so that it is refused")
  func unreadable() throws {
    var report = PBReportReached()
    report.trial = Samples.attempt.trial.rawValue
    report.attempt = UInt32(Samples.attempt.attempt)
    var changed = Samples.report
    changed.mse = .nan
    report.report = Data(changed.serialised)
    var finished = PBFinished()
    finished.trial = report.trial
    finished.attempt = report.attempt
    finished.result = Data(count: WireLimits.resultByteCount + 1)
    var grown = PBTrajectoryGrown()
    grown.trial = report.trial
    grown.attempt = report.attempt
    for body: PBWorkerEnvelope.OneOf_Body in [
      .reportReached(report), .finished(finished), .trajectoryGrown(grown),
    ] {
      var envelope = PBWorkerEnvelope()
      envelope.body = body
      let frames = try Framing.frames(of: envelope, limit: WireLimits.controlEnvelopeByteCount)
      #expect(throws: WireError.self) { try WorkerMessage(frames: frames) }
      #expect(WorkerMessage.attempt(inUnreadable: frames) == Samples.attempt)
    }
    // No other frames are such messages.
    finished.attempt = 0
    var envelope = PBWorkerEnvelope()
    envelope.finished = finished
    let noAttempt = try Framing.frames(of: envelope, limit: WireLimits.controlEnvelopeByteCount)
    let heartbeat = try WorkerMessage.heartbeat(.init(sequence: 1, claims: [])).frames()
    for frames in [noAttempt, heartbeat, [], [[0xFF], [7]]] {
      #expect(WorkerMessage.attempt(inUnreadable: frames) == nil)
    }
  }

  @Test("5,000 probabilities, and a report above 65,536 bytes, are named as too large")
  func tooLarge() {
    var report = Samples.report
    report.openProbabilities = [Double](repeating: 0.5, count: 5000)
    #expect(throws: WireError.tooLarge(place: "open_probabilities", count: 5000, limit: 4096)) {
      try MilestoneReport(serialised: report.serialised)
    }
    #expect(throws: WireError.tooLarge(place: "report bytes", count: 65_537, limit: 65_536)) {
      try MilestoneReport(serialised: [UInt8](repeating: 0, count: 65_537))
    }
  }

  @Test("Negative numbers and other probabilities are numbers: what they mean is checked elsewhere")
  func finiteNumbers() throws {
    var report = Samples.report
    report.mse = -1
    report.openProbabilities = [-0.5, 1.5]
    #expect(try MilestoneReport(serialised: report.serialised) == report)
  }
}
