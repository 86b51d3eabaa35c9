import Coordination
import CoordinatorService
import Digests
import Files
import Foundation
import Reports
import Store
import Trials

/// A trial as its page shows it; JSON keys are in snake case.
struct TrialDetail: Encodable, Sendable {
  /// One value of its configuration.
  struct Setting: Encodable, Sendable {
    var key: String
    var value: String
    /// Whether trials of its stage differ in it.
    var varies: Bool
  }

  /// One attempt.
  struct Attempt: Encodable, Sendable {
    var attempt: Int
    var worker: String
    var host: String?
    var begun: Date
    var ended: Date?
    /// `running`, `complete`, `discarded`, or the cause of its failure.
    var outcome: String
    var words: String
    /// The last lines of its log; nil if there is none.
    var log: String?
  }

  /// A milestone and its report.
  struct Milestone: Encodable, Sendable {
    var budget: String
    var step: Int?
    var gatesOpen: Int?
    var mse: Double?
    var evaluationMSE: Double?
    /// Whether the tolerance was kept; nil while that is not known.
    var toleranceMet: Bool?
  }

  /// Another trial whose traces can be drawn beneath this one's.
  struct Neighbour: Encodable, Sendable {
    var trial: String
    var name: String
  }

  var row: TrialRow
  var settings: [Setting]
  var milestones: [Milestone]
  var attempts: [Attempt]
  /// The live state from the workers that run it.
  var running: [SweepStatus.Running]
  var parents: [Neighbour]
  /// Trials of its stage that have traces, the nearest in the plan first.
  var neighbours: [Neighbour]
  var hasImages: Bool
  /// Whether it recorded what its open latent dimensions show.
  var hasLatents: Bool
  /// The sweep's folder that its result was taken over from; nil when it was computed here.
  var reusedFrom: String?
  /// Where its result was computed: host, processor, instruction set, versions.
  var provenance: [Setting]
  /// The command that repeats it: `coordinator reproduce` if it has a result, else `worker trial` with
  /// its configuration.
  var command: String

  private static let neighbourCountMaximum = 40
  /// Most attempts shown, the latest ones.
  private static let attemptCountMaximum = 40

  /// A trial on a board, without its attempts' logs; nil if it is not planned.
  ///
  /// - Parameter folder: The sweep's folder.
  init?(of trial: TrialID, on board: SweepBoard, in folder: URL) {
    guard let row = board.row(of: trial), let follower = board.follower else { return nil }
    let recorded = follower.results.trials[row.place]
    self.row = row
    let planned = recorded.planned
    let varying = board.names.varyingKeys(in: planned.stage)
    settings = TrialFact.all.compactMap { fact in
      fact.text(in: planned).map {
        Setting(key: fact.key, value: $0, varies: varying.contains(fact.key))
      }
    }
    milestones = planned.configuration.milestones.enumerated().map { index, budget in
      let report = recorded.report(at: budget)
      return Milestone(
        budget: "\(budget)"
          + (planned.configuration.trace.map { ", τ = \($0.tolerances[index])" } ?? ""),
        step: report?.step, gatesOpen: report?.gatesOpen,
        mse: report.flatMap { $0.mse.isFinite ? $0.mse : nil },
        evaluationMSE: report.flatMap { $0.evaluationMSE.isFinite ? $0.evaluationMSE : nil },
        toleranceMet: report?.toleranceMet)
    }
    attempts = follower.attempts(of: trial).suffix(Self.attemptCountMaximum).map { record in
      let (outcome, words) =
        switch record.outcome {
        case .running: ("running", "no end is recorded")
        case .recorded: ("complete", "it brought the result")
        case .discarded(let reason): ("discarded", "its result was discarded: \(reason)")
        case .failed(let failure): (failure.cause.rawValue, failure.words)
        }
      return Attempt(
        attempt: record.attempt, worker: record.worker.rawValue,
        host: follower.hosts[record.worker], begun: record.begun, ended: record.ended,
        outcome: outcome, words: words, log: nil)
    }
    running = (board.live?.running ?? []).filter { $0.trial == row.trial }
    parents = planned.parents.map { parent in
      Neighbour(trial: "\(parent)", name: board.row(of: parent)?.name ?? "not planned")
    }
    neighbours = Self.neighbours(of: row, in: board.rows)
    hasImages = recorded.result?.artifacts.contains { $0.kind == .reconstructions } ?? false
    hasLatents = recorded.result?.artifacts.contains { $0.kind == .latents } ?? false
    reusedFrom = recorded.reusedFrom
    provenance = Self.provenance(of: recorded)
    command =
      recorded.result == nil
      ? "worker trial \(row.trial).json --out again-\(row.trial)"
      : "coordinator reproduce \(ShellWord.path(folder.path)) \(row.trial)"
  }

  private static func neighbours(of row: TrialRow, in rows: [TrialRow]) -> [Neighbour] {
    var found: [Neighbour] = []
    var distance = 1
    // Search only a few thousand rows.
    while found.count < neighbourCountMaximum, distance < 2000 {
      for place in [row.place - distance, row.place + distance]
      where rows.indices.contains(place) {
        let other = rows[place]
        guard other.stage == row.stage, other.status == .complete || other.status == .running
        else { continue }
        found.append(Neighbour(trial: other.trial, name: other.name))
      }
      distance += 1
    }
    return found
  }

  private static func provenance(of recorded: RecordedTrial) -> [Setting] {
    guard let provenance = recorded.result?.provenance else { return [] }
    let facts: [(String, String)] =
      [
        ("host", provenance.host), ("processor", provenance.processor),
        ("instruction set", provenance.instructionSet), ("images", "\(provenance.images)"),
        ("began", provenance.started), ("seconds", String(format: "%.1f", provenance.seconds)),
        ("processor seconds", String(format: "%.1f", provenance.processorSeconds)),
      ] + provenance.versions.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    return facts.map { Setting(key: $0.0, value: String($0.1.prefix(200)), varies: false) }
  }
}
