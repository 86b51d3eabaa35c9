import Foundation
import Trials

extension PlanSummary {
  /// The summary as JSON with sorted keys, ending with a line break: the sweep's totals, each
  /// stage, and each trial with its identity, configuration, parents, steps and estimated seconds.
  package var json: String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    do {
      return String(decoding: try encoder.encode(Document(self)), as: UTF8.self) + "\n"
    } catch {
      preconditionFailure("a summary that JSON cannot hold: \(error)")
    }
  }

  private static func rounded(_ seconds: Double) -> Double { (seconds * 1000).rounded() / 1000 }

  private struct Document: Encodable {
    let version = AnswerVersion.current
    let name: String
    let question: String
    let outputs: [SweepOutput]
    let trialCount: Int
    let dependencyDepth: Int
    let steps: Int
    let estimatedSeconds: Double
    let criticalPathSeconds: Double
    let assumption: String
    /// Absent if false.
    let isUpperBound: Bool?
    let stages: [StageEntry]
    let trials: [TrialEntry]

    init(_ summary: PlanSummary) {
      name = summary.plan.name
      question = summary.plan.question
      outputs = summary.plan.outputs
      trialCount = summary.trials.count
      dependencyDepth = summary.depth
      steps = summary.totalSteps
      estimatedSeconds = rounded(summary.seconds)
      criticalPathSeconds = rounded(summary.criticalPathSeconds)
      assumption = summary.costs.summary
      isUpperBound = summary.isUpperBound ? true : nil
      stages = summary.stages.map(StageEntry.init)
      trials = zip(summary.plan.trials, summary.trials).map(TrialEntry.init)
    }

    private enum CodingKeys: String, CodingKey {
      case version
      case name
      case question
      case outputs
      case trialCount = "trial_count"
      case dependencyDepth = "dependency_depth"
      case steps
      case estimatedSeconds = "estimated_seconds"
      case criticalPathSeconds = "critical_path_seconds"
      case assumption
      case isUpperBound = "is_upper_bound"
      case stages
      case trials
    }
  }

  private struct StageEntry: Encodable {
    let stage: String
    let waitsFor: [String]
    let trialCount: Int
    let steps: Int
    let estimatedSeconds: Double

    init(_ stage: Stage) {
      self.stage = stage.name
      waitsFor = stage.waitsFor
      trialCount = stage.trialCount
      steps = stage.totalSteps
      estimatedSeconds = rounded(stage.seconds)
    }

    private enum CodingKeys: String, CodingKey {
      case stage
      case waitsFor = "waits_for"
      case trialCount = "trial_count"
      case steps
      case estimatedSeconds = "estimated_seconds"
    }
  }

  private struct TrialEntry: Encodable {
    let id: String
    let stage: String
    let replicate: Int
    let configuration: TrialConfiguration
    let parents: [String]
    let steps: Int
    let estimatedSeconds: Double

    init(_ planned: PlannedTrial, _ trial: Trial) {
      id = "\(planned.id)"
      stage = planned.stage
      replicate = planned.replicate
      configuration = planned.configuration
      parents = planned.parents.map(\.description)
      steps = trial.steps
      estimatedSeconds = rounded(trial.seconds)
    }

    private enum CodingKeys: String, CodingKey {
      case id
      case stage
      case replicate
      case configuration
      case parents
      case steps
      case estimatedSeconds = "estimated_seconds"
    }
  }
}
