import Digests
import Foundation
import SwiftProtobuf
import Trials

extension MilestoneReport {
  /// Reads a serialised `Report`.
  ///
  /// - Throws: ``WireError``. Arbitrary bytes never trap.
  package init(serialised bytes: [UInt8]) throws(WireError) {
    self = try MilestoneReport(
      Framing.body(bytes, "report", as: PBReport.self, limit: WireLimits.reportByteCount))
  }

  /// The report as a serialised `Report`; equal reports give equal bytes.
  package var serialised: [UInt8] { Framing.bytes(of: body) }

  init(_ body: PBReport) throws(WireError) {
    guard let budget = Budget(body.budget) else {
      throw .malformed(
        place: "budget", found: String(reflecting: String(body.budget.prefix(40))),
        expected: "a count of batches or epochs")
    }
    guard let ending = ReportEnding(word: body.ending, isFinal: body.isFinal) else {
      throw .malformed(
        place: "ending", found: String(reflecting: String(body.ending.prefix(40))),
        expected: "1 to \(ReportEnding.wordCountMaximum) small letters and hyphens")
    }
    guard body.openProbabilities.count <= WireLimits.gateCount else {
      throw .tooLarge(
        place: "open_probabilities", count: body.openProbabilities.count,
        limit: WireLimits.gateCount)
    }
    guard body.alternatingGates.count <= WireLimits.gateCount else {
      throw .tooLarge(
        place: "alternating_gates", count: body.alternatingGates.count,
        limit: WireLimits.gateCount)
    }
    var gates: [Int] = []
    for gate in body.alternatingGates {
      gates.append(try Field.count(gate, "alternating_gates", in: 0...WireLimits.gateCount))
    }
    let steps = 1...Budget.maximumCount
    self.init(
      budget: budget, tolerance: try Field.finite(body.tolerance, "tolerance"),
      step: try Field.count(body.step, "step", in: steps), ending: ending,
      stateDigest: body.stateSha256.isEmpty
        ? nil : try Field.digest(body.stateSha256, "state_sha256"),
      gatesOpen: try Field.count(body.gatesOpen, "gates_open", in: 0...WireLimits.gateCount),
      mse: try Field.finite(body.mse, "mse"),
      evaluationMSE: try Field.finite(body.evaluationMse, "evaluation_mse"),
      firstHitStep: body.hasFirstHitStep
        ? try Field.count(body.firstHitStep, "first_hit_step", in: steps) : nil,
      multiplier: try Field.finite(body.multiplier, "multiplier"),
      openProbabilities: try Field.finite(body.openProbabilities, "open_probabilities"),
      sinceStep: body.hasSinceStep
        ? try Field.count(body.sinceStep, "since_step", in: 0...Budget.maximumCount) : nil,
      alternatingGates: gates.isEmpty ? nil : gates)
  }

  var body: PBReport {
    var body = PBReport()
    body.budget = budget.description
    body.tolerance = tolerance
    body.step = UInt64(clamping: step)
    body.ending = ending.word
    body.isFinal = ending.isFinal
    if let stateDigest { body.stateSha256 = Data(stateDigest.bytes) }
    body.gatesOpen = UInt32(clamping: gatesOpen)
    body.mse = mse
    body.evaluationMse = evaluationMSE
    if let firstHitStep { body.firstHitStep = UInt64(clamping: firstHitStep) }
    body.multiplier = multiplier
    body.openProbabilities = openProbabilities
    if let sinceStep { body.sinceStep = UInt64(clamping: sinceStep) }
    body.alternatingGates = (alternatingGates ?? []).map { UInt32(clamping: $0) }
    return body
  }
}
