import Foundation
import GRDB
import Trials

/// The plan as stored in the result log.
///
/// Each entry is a part of the plan as JSON in the spelling of ``Trials/CanonicalJSON``: name,
/// question, outputs, the sweep file's text, the part's number and the count of parts, and the
/// part's trials with stage, replicate and configuration. The parts of a plan are consecutive.
enum LoggedPlan {
  /// A part ends when it has at least this length.
  private static let partByteCount = 8 << 20

  /// The entries of the stored plan.
  static func entries(in database: Database) throws -> [ResultLogEntry] {
    guard
      let row = try Row.fetchOne(
        database, sql: "SELECT name, question, outputs, sweep_text FROM plan")
    else { throw Damage("the plan is missing") }
    let name = CanonicalJSON.text(try row.value(0) as String)
    let question = CanonicalJSON.text(try row.value(1) as String)
    let outputs: String = try row.value(2)
    let sweepText = CanonicalJSON.text(try row.value(3) as String)
    let parts = try trials(in: database)
    return parts.enumerated().map { index, trials in
      .plan(
        Array(
          """
          {"name":\(name),"outputs":\(outputs),"part":\(index + 1),"parts":\(parts.count),\
          "question":\(question),"sweep_text":\(sweepText),"trials":[\(trials)]}
          """.utf8))
    }
  }

  /// The stored plan's trials as JSON, separated by commas, one text per part.
  private static func trials(in database: Database) throws -> [String] {
    var parts: [String] = []
    var part = ""
    let rows = try StoredRows(
      database,
      sql: """
        SELECT configuration, replicate, stage FROM trial NOT INDEXED
        WHERE position IS NOT NULL ORDER BY position
        """)
    while try rows.next() {
      if part.utf8.count >= partByteCount {
        parts.append(part)
        part = ""
      }
      if !part.isEmpty { part += "," }
      let stage = CanonicalJSON.text(try rows.text(2))
      part += """
        {"configuration":\(try rows.text(0)),"replicate":\(try rows.int(1)),"stage":\(stage)}
        """
    }
    return parts + [part]
  }

  /// A part of a plan, as an entry has it.
  fileprivate struct Part: Decodable {
    struct Trial: Decodable {
      var stage: String
      var replicate: Int
      var configuration: TrialConfiguration
    }

    var name: String
    var question: String
    var outputs: [SweepOutput]
    var sweepText: String
    var part: Int
    var parts: Int
    var trials: [Trial]

    private enum CodingKeys: String, CodingKey {
      case name
      case question
      case outputs
      case sweepText = "sweep_text"
      case part
      case parts
      case trials
    }
  }
}

/// Assembles plans from their parts, in the order of a log.
struct LoggedPlanReading {
  /// The last complete plan; nil before the first.
  private(set) var whole: (plan: SweepPlan, sweepText: String)?
  /// Whether an incomplete plan has begun.
  private(set) var isOpen = false

  private var plan: SweepPlan?
  private var nextPart = 1

  /// Takes the next plan entry of a log.
  mutating func take(_ bytes: [UInt8]) {
    guard let part = try? CanonicalJSON.decode(LoggedPlan.Part.self, from: Data(bytes)) else {
      return interrupt()
    }
    if part.part == 1 {
      plan = SweepPlan(
        name: part.name, question: part.question, outputs: part.outputs, trials: [])
    } else if part.part != nextPart {
      return interrupt()
    }
    plan?.trials += part.trials.map {
      PlannedTrial(stage: $0.stage, replicate: $0.replicate, configuration: $0.configuration)
    }
    isOpen = part.part < part.parts
    nextPart = part.part + 1
    guard !isOpen, let plan else { return }
    self.plan = nil
    whole = (plan, part.sweepText)
  }

  /// Forgets an incomplete plan, since later parts may not belong to it.
  mutating func interrupt() {
    plan = nil
    nextPart = 0
    isOpen = true
  }
}
