import Trials

@testable import Sweeps

/// A sweep of one trial; tests add or replace lines.
let oneTrial = """
  sweep: one
  dataset: mnist
  latents: 5
  tolerance: 3
  budget: 100 batches
  """

/// Two stages, the second of which waits for the first.
let twoStages = """
  sweep: two
  dataset: mnist
  stages:
    baseline:
      latents: 5
      tolerance: 0
      budget: 100 batches
    narrowed:
      latents: 2 * baseline.latents
      tolerance: baseline.mse
      budget: [100 batches, 200 batches]
  """

/// The plan of a text.
func plan(
  _ text: String, set overrides: [String] = [], budgetScale: Double = 1
) throws(SweepFileError) -> SweepPlan {
  try SweepFile.parse(
    text, named: "x.yaml", overrides: overrides, budgetScale: budgetScale)
}

/// The lines of a text's error message; empty if the text is a sweep.
func errors(
  _ text: String, set overrides: [String] = [], budgetScale: Double = 1
) -> [String] {
  do {
    _ = try plan(text, set: overrides, budgetScale: budgetScale)
    return []
  } catch {
    return error.description.split(separator: "\n").map(String.init)
  }
}

extension SweepPlan {
  /// The configurations in order.
  var configurations: [TrialConfiguration] { trials.map(\.configuration) }

  /// The trials of a stage in order.
  func stage(_ name: String) -> [PlannedTrial] { trials.filter { $0.stage == name } }
}
