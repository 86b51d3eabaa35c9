import Trials

/// What a sweep would cost: trials, dependencies, steps and estimated time; computed from the
/// plan alone.
package struct PlanSummary: Sendable {
  /// One trial's share.
  package struct Trial: Sendable {
    /// The trial, which the plan has at the same place.
    package let id: TrialID
    /// Optimiser steps to its last milestone.
    package let steps: Int
    /// Estimated seconds on one core.
    package let seconds: Double
    /// How many trials stand in the longest chain that ends with this one.
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
    /// Its trials; one that several stages ask for is counted with the first.
    package let trialCount: Int
    /// The fewest and the most steps of its trials.
    package let steps: ClosedRange<Int>
    /// Steps of all its trials together.
    package let totalSteps: Int
    /// Estimated core-seconds of all its trials together.
    package let seconds: Double
  }

  /// The plan that is summed up.
  package let plan: SweepPlan
  /// Every trial in the order of the plan.
  package let trials: [Trial]
  /// Every stage that has trials, in the order of the plan.
  package let stages: [Stage]
  /// Whether some trial may end before its last milestone, so that steps and times are the most that
  /// it can take.
  package let isUpperBound: Bool
  /// The images per epoch that budgets in epochs were counted with, by data set.
  package let epochImageCounts: [Dataset: Int]

  let costs = CostModel()

  /// Sums up a plan.
  ///
  /// - Parameter trainingImageCounts: How many training images the prepared data sets really
  ///   have; for others the complete published set is assumed.
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
  /// How many trials stand in the longest chain of dependent trials.
  package var depth: Int { trials.map(\.depth).max() ?? 0 }
  /// Estimated seconds of the slowest chain; no number of cores finishes sooner.
  package var criticalPathSeconds: Double { trials.map(\.pathSeconds).max() ?? 0 }

  /// n, or where it waits for a parent's open gates the most that it can become.
  private static func latentBound(
    of configuration: TrialConfiguration, parents: [TrialID: Int]
  ) -> Int {
    switch configuration.model.latents {
    case .value(let latents): return latents
    case .measured(let parentOutput):
      let parent = parents[parentOutput.trial] ?? ModelSettings.latentRange.upperBound
      let bound = (Double(parent) * parentOutput.factor).rounded()
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

/// The time of a step, computed once for trials in a row that differ in nothing that it depends on.
private struct StepTime {
  /// Everything of a trial that the time depends on.
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

  /// Seconds of one optimiser step, as ``CostModel`` has it.
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
