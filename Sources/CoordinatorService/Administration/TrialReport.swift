import Coordination
import Files
import Foundation
import Store
import Trials

/// The report of one trial for `explain`; JSON keys are in snake case.
package struct TrialReport: Codable, Hashable, Sendable {
  /// One attempt at it.
  package struct Attempt: Codable, Hashable, Sendable {
    package var attempt: Int
    package var worker: String
    package var begun: Date
    /// When it ended; nil while it runs.
    package var ended: Date?
    /// `running`, `complete`, or the cause of its failure.
    package var outcome: String
    /// The outcome in words.
    package var words: String
  }

  /// A checkpoint that a trial can resume from.
  package struct Checkpoint: Codable, Hashable, Sendable {
    package var step: Int
    package var byteCount: Int
    package var instructionSet: String
  }

  /// A budget at which it reports.
  package struct Milestone: Codable, Hashable, Sendable {
    package var count: Int
    /// `batches` or `epochs`.
    package var unit: String

    init(_ budget: Budget) {
      count = budget.count
      unit = if case .batches = budget { "batches" } else { "epochs" }
    }
  }

  /// A trial that it waits for.
  package struct Parent: Codable, Hashable, Sendable {
    package var trial: String
    package var status: String
  }

  package var trial: String
  package var stage: String
  package var replicate: Int
  package var dataset: String
  /// n; nil if it is measured.
  package var latents: Int?
  /// The reference to another trial's output if n is measured: `2 * t….latents`.
  package var latentsFrom: String?
  /// τ; nil if it is measured.
  package var tolerance: Double?
  /// The tolerances that a traced trial visits, in order; nil for other trials.
  package var trace: [Double]?
  /// The reference to another trial's output if τ is measured.
  package var toleranceFrom: String?
  /// The budgets at which it reports, ascending.
  package var milestones: [Milestone]
  /// The window of batches without change after which it may end early; nil if it may not.
  package var quietWindow: Int?
  /// `waiting`, `running`, `complete`, `failed` or `stopped`.
  package var status: String
  /// The reason for the status, as a sentence.
  package var reason: String
  /// What a person can do about it, as a sentence; nil if nothing is needed.
  package var remedy: String?
  /// Failures that count against it, and how many it may have.
  package var chargedFailures: Int
  package var attemptLimit: Int
  package var running: [SweepStatus.Running] = []
  package var attempts: [Attempt] = []
  /// Its result; nil until it is complete.
  package var result: Result?
  package var checkpoints: [Checkpoint] = []
  package var parents: [Parent] = []
  /// How many trials wait for its result.
  package var childCount: Int
  /// The command that shows its logs; nil if there are none.
  package var logs: String?
}

extension TrialReport {
  /// The context of the question, used in the sentences.
  struct Surroundings {
    /// The sweep's folder as an argument of a command, quoted for a shell.
    var folder: String
    /// Where workers connect; nil without a coordinator.
    var endpoint: String?
    /// The command that starts a worker; nil if unknown.
    var workerCommand: String?
    /// How many workers could take a trial.
    var workerCount: Int
    /// The obstacles of other workers.
    var obstacles: [String] = []
  }

  /// Formats an explanation; the attempts are added from the record.
  init(
    _ explanation: TrialExplanation, of coordinator: Coordinator,
    in surroundings: Surroundings
  ) {
    let planned = explanation.planned
    let configuration = planned.configuration
    let (reason, remedy) = Self.words(explanation, in: surroundings)
    self.init(
      trial: "\(planned.id)", stage: planned.stage, replicate: planned.replicate,
      dataset: configuration.dataset.name, latents: configuration.model.latents.known,
      latentsFrom: configuration.model.latents.measurement?.words,
      tolerance: configuration.tolerance.known,
      trace: configuration.trace?.tolerances,
      toleranceFrom: configuration.tolerance.measurement?.words,
      milestones: configuration.milestones.map(Milestone.init),
      quietWindow: configuration.mayEndEarly ? configuration.quiet?.window : nil,
      status: explanation.standing.status.rawValue, reason: reason, remedy: remedy,
      chargedFailures: Int(explanation.standing.chargedFailures),
      attemptLimit: explanation.attemptLimit, childCount: explanation.children.count)
    if case .running(let running) = explanation.reason {
      self.running = running.map { SweepStatus.Running($0, stage: planned.stage) }
    }
    checkpoints = explanation.checkpoints.map {
      Checkpoint(step: $0.step, byteCount: $0.byteCount, instructionSet: $0.instructionSet)
    }
    parents = planned.parents.map { parent in
      Parent(
        trial: "\(parent)",
        status: coordinator.standing(of: parent)?.status.rawValue ?? "not planned")
    }
  }

  private static func words(
    _ explanation: TrialExplanation, in surroundings: Surroundings
  ) -> (reason: String, remedy: String?) {
    let retry =
      "`coordinator retry \(surroundings.folder) \(explanation.planned.id)` tries it again"
    switch explanation.reason {
    case .waitsForParents(let parents):
      let names = parents.map(\.description).joined(separator: " and ")
      return (
        "it waits for the result of \(parents.count == 1 ? "trial" : "trials") \(names)",
        surroundings.needsWorker
          ?? "it is begun once \(parents.count == 1 ? "that is" : "they are") complete"
      )
    case .waitsForShorterRun(let trial):
      return (
        "it resumes from the end of trial \(trial), which trains for less",
        surroundings.needsWorker ?? "it is begun once that is complete"
      )
    case .queued(let ahead):
      let place =
        ahead == 0 ? "it is the next to be begun" : "\(ahead) trials are begun before it"
      return (
        "it waits for a free slot: \(place)",
        surroundings.needsWorker
          ?? "more workers would begin it sooner" + surroundings.obstacleWords
      )
    case .delayed(let time):
      return (
        "its worker was lost repeatedly, so it waits before the next attempt",
        surroundings.needsWorker ?? "it is tried again in \(time.inSeconds)"
      )
    case .stagePaused(let failure):
      let stage = explanation.planned.stage
      return (
        "its stage, \(stage), is paused: \(failure.words)",
        "`coordinator resume-stage \(surroundings.folder) \(ShellWord.quoted(stage))` resumes the stage"
      )
    case .waitsForCanary(let trial):
      return (
        "trial \(trial) goes first in its stage; the others follow once it is seen to work",
        surroundings.needsWorker
      )
    case .failureLimitReached(let failed, let limit):
      return (
        "\(failed) trials failed, more than the \(limit) that the sweep allows, so none is begun",
        "`coordinator retry \(surroundings.folder) --failed` tries the failed trials again; "
          + "max_failures in the sweep file is the limit"
      )
    case .running(let running):
      guard surroundings.endpoint != nil else {
        return (
          "it was running when the coordinator ended; its worker may still run it",
          surroundings.needsWorker
        )
      }
      let hosts = running.map { running in
        (running.host.isEmpty ? "\(running.worker)" : "\(running.worker) on \(running.host)")
          + ((running.threads ?? 1) > 1 ? " with \(running.threads ?? 1) threads" : "")
      }
      let place = hosts.isEmpty ? "" : " by " + hosts.joined(separator: " and by ")
      return (
        running.contains(where: \.isClaimed) || running.isEmpty
          ? "it is run\(place)"
          : "it is leased to \(hosts.joined(separator: " and ")), not heard of yet", nil
      )
    case .complete(let worker): return ("its result is recorded, by \(worker)", nil)
    case .failed(let failure): return ("it is given up: \(failure.words)", retry)
    case .parentFailed(let parent):
      return (
        "it needs the result of trial \(parent), which has none and is not tried again",
        "`coordinator retry \(surroundings.folder) \(parent)` tries that one again, and this follows"
      )
    case .stopped(let reason): return ("a person stopped it: \(reason)", retry)
    }
  }

  /// Adds the attempts from the record.
  mutating func add(_ attempts: [AttemptRecord]) {
    self.attempts = attempts.map { record in
      let (outcome, words) =
        switch record.outcome {
        case .running: ("running", "no end is recorded")
        case .recorded: ("complete", "it brought the result")
        case .discarded(let reason): ("discarded", "its result was discarded: \(reason)")
        case .failed(let failure): (failure.cause.rawValue, failure.words)
        }
      return Attempt(
        attempt: record.attempt, worker: "\(record.worker)", begun: record.begun,
        ended: record.ended, outcome: outcome, words: words)
    }
  }
}

extension TrialReport.Surroundings {
  /// What to do if no worker could take a trial; nil if one could.
  var needsWorker: String? {
    guard let endpoint else {
      return "no coordinator runs: the command that began the sweep resumes it"
    }
    return workerCount > 0
      ? nil
      : "no worker can take a trial: "
        + "`\(workerCommand ?? "worker --connect \(ShellWord.quoted(endpoint))")` starts one"
        + obstacleWords
  }

  /// `; W on H: the disk is full`, for every worker with an obstacle.
  var obstacleWords: String { obstacles.map { "; \($0)" }.joined() }
}

extension Parameter {
  /// The value, if it is given in the plan.
  fileprivate var known: Value? {
    if case .value(let value) = self { value } else { nil }
  }
}

extension ParentMeasurement {
  /// The source of a value: `2 * t….gates_open`.
  fileprivate var words: String {
    let factor = factor == factor.rounded() ? String(format: "%.0f", factor) : "\(factor)"
    return (factor == "1" ? "" : "\(factor) * ") + "\(trial).\(output.rawValue)"
  }
}
