import Trials

/// The cost of a sweep, computed from its plan: trials, dependencies, steps and estimated time.
package struct PlanSummary: Sendable {
  /// One trial's share.
  package struct Trial: Sendable {
    /// The trial, which has the same index in the plan.
    package let id: TrialID
    /// Optimiser steps to its last milestone.
    package let steps: Int
    /// Estimated seconds on one core.
    package let seconds: Double
    /// The number of trials in the longest chain that ends with this one.
    package let depth: Int
    /// Estimated seconds of the slowest chain that ends with this one.
    package let pathSeconds: Double
  }

  /// One stage's share.
  package struct Stage: Sendable {
    /// The stage's name.
    package let name: String
    /// The stages whose results its trials wait for, in the order of the plan.
    package let waitsFor: [String]
    /// Its trials; a trial of several stages counts for the first.
    package let trialCount: Int
    /// The fewest and the most steps of its trials.
    package let steps: ClosedRange<Int>
    /// Steps of all its trials together.
    package let totalSteps: Int
    /// Estimated core-seconds of all its trials together.
    package let seconds: Double
  }

  /// The summarised plan.
  package let plan: SweepPlan
  /// Every trial in the order of the plan.
  package let trials: [Trial]
  /// Every stage that has trials, in the order of the plan.
  package let stages: [Stage]
  /// Whether a trial may end before its last milestone; steps and times are upper bounds then.
  package let isUpperBound: Bool
  /// The images per epoch that were used for budgets in epochs, by data set.
  package let epochImageCounts: [Dataset: Int]

  let costs = CostModel()

  /// Summarises a plan.
  ///
  /// - Parameter trainingImageCounts: The training images of prepared data sets; for others the
  ///   complete published set is assumed.
  package init(_ plan: SweepPlan, trainingImageCounts: [Dataset: Int] = [:]) {
    var trials: [Trial] = []
    trials.reserveCapacity(plan.trials.count)
    var indices: [TrialID: Int] = [:]
    var latents: [TrialID: Int] = [:]
    var epochImageCounts: [Dataset: Int] = [:]
    var steps = StepTime(costs: costs)
    for planned in plan.trials {
      let configuration = planned.configuration
      let images =
        trainingImageCounts[configuration.dataset]
        ?? configuration.dataset.expectedTrainingImageCount
      if case .epochs? = configuration.milestones.last {
        epochImageCounts[configuration.dataset] = images
      }
      let stepCount =
        configuration.milestones.last?.batches(
          trainingImageCount: images, batchSize: configuration.trainer.batchSize) ?? 0
      let bound = Self.latentBound(of: configuration, parents: latents)
      let seconds = Double(stepCount) * steps.seconds(of: configuration, latents: bound)
      let parents = planned.parents.compactMap { indices[$0] }.map { trials[$0] }
      indices[planned.id] = trials.count
      latents[planned.id] = bound
      trials.append(
        Trial(
          id: planned.id, steps: stepCount, seconds: seconds,
          depth: 1 + (parents.map(\.depth).max() ?? 0),
          pathSeconds: seconds + (parents.map(\.pathSeconds).max() ?? 0)))
    }
    self.plan = plan
    self.trials = trials
    isUpperBound = plan.trials.contains { $0.configuration.mayEndEarly }
    self.epochImageCounts = epochImageCounts
    self.stages = Self.stages(of: plan, trials, indices: indices)
  }

  /// Optimiser steps of all trials together.
  package var totalSteps: Int { trials.reduce(0) { $0 + $1.steps } }
  /// Estimated core-seconds of all trials together.
  package var seconds: Double { trials.reduce(0) { $0 + $1.seconds } }
  /// The number of trials in the longest chain of dependent trials.
  package var depth: Int { trials.map(\.depth).max() ?? 0 }
  /// Estimated critical-path length in seconds: the time with any number of cores.
  package var criticalPathSeconds: Double { trials.map(\.pathSeconds).max() ?? 0 }

  /// n; for a trial that waits for a parent's open gates, its upper bound.
  private static func latentBound(
    of configuration: TrialConfiguration, parents: [TrialID: Int]
  ) -> Int {
    switch configuration.model.latents {
    case .value(let latents): return latents
    case .measured(let measurement):
      let parent = parents[measurement.trial] ?? ModelSettings.latentRange.upperBound
      let bound = (Double(parent) * measurement.factor).rounded()
      let range = ModelSettings.latentRange
      return Int(min(max(bound, Double(range.lowerBound)), Double(range.upperBound)))
    }
  }

  private static func stages(
    of plan: SweepPlan, _ trials: [Trial], indices: [TrialID: Int]
  ) -> [Stage] {
    var names: [String] = []
    var members: [String: [Int]] = [:]
    for (place, planned) in plan.trials.enumerated() {
      if members[planned.stage] == nil { names.append(planned.stage) }
      members[planned.stage, default: []].append(place)
    }
    return names.map { name in
      let places = members[name] ?? []
      var waitsFor: Set<String> = []
      for place in places {
        for parent in plan.trials[place].parents {
          if let parent = indices[parent] { waitsFor.insert(plan.trials[parent].stage) }
        }
      }
      let steps = places.map { trials[$0].steps }
      return Stage(
        name: name, waitsFor: names.filter(waitsFor.contains), trialCount: places.count,
        steps: (steps.min() ?? 0)...(steps.max() ?? 0), totalSteps: steps.reduce(0, +),
        seconds: places.reduce(0) { $0 + trials[$1].seconds })
    }
  }
}

/// The time of a step, cached for successive trials with equal inputs.
private struct StepTime {
  /// The inputs that the time depends on.
  private struct Kind: Equatable {
    var dataset: Dataset
    var channels: [Int]
    var latents: Int
    var batchSize: Int
    var isNarrowing: Bool
  }

  let costs: CostModel
  private var last: (kind: Kind, seconds: Double)?

  init(costs: CostModel) { self.costs = costs }

  /// Seconds of one optimiser step, from ``CostModel``.
  mutating func seconds(of configuration: TrialConfiguration, latents: Int) -> Double {
    let kind = Kind(
      dataset: configuration.dataset, channels: configuration.model.channels, latents: latents,
      batchSize: configuration.trainer.batchSize,
      isNarrowing: configuration.tolerance != .value(0))
    if let last, last.kind == kind { return last.seconds }
    let seconds = costs.secondsPerStep(of: configuration, latents: latents)
    last = (kind, seconds)
    return seconds
  }
}
