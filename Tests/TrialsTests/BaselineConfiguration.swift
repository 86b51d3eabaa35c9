import Foundation
import Trials

/// The configuration that the tests start from: a baseline of Table I with a known seed.
func baselineConfiguration() -> TrialConfiguration {
  var configuration = TrialConfiguration(
    dataset: .mnist, model: ModelSettings(channels: [32, 32, 64], latents: .value(5)),
    tolerance: .value(0), milestones: [.batches(200_000)], seed: 0x0123_4567_89ab_cdef)
  configuration.trainer.klReduction = .sum
  return configuration
}

/// Its canonical text, written by hand.
let baselineText = """
  {"dataset":"mnist","milestones":["200000 batches"],"model":{"channels":[32,32,64],"latents":5},\
  "seed":"0123456789abcdef","tolerance":0,"trainer":{"adam_beta1":0.9,"adam_beta2":0.999,\
  "adam_epsilon":1e-08,"batch_norm_epsilon":1e-05,"batch_norm_momentum":0.8,"batch_size":64,\
  "constraint_smoothing":0.99,"gate_sampling":"per-batch","gate_steepness":7,\
  "initial_gate_logit":0.42,"initial_multiplier":1,"kl_reduction":"sum","leaky_slope":0.02,\
  "learning_rate":0.001,"mse_smoothing":0.95,"multiplier_maximum":5,"multiplier_minimum":1e-05,\
  "precision":"fp32","reconstruction_count":16,"sample_every":500}}
  """

/// A parent's report in which every number that children can use differs.
func report(
  mse: Double = 9.5, evaluationMSE: Double = 9.75, gatesOpen: Int = 4
) -> MilestoneReport {
  MilestoneReport(
    budget: .batches(200_000), tolerance: 0, step: 200_000, ending: .budget, stateDigest: nil,
    gatesOpen: gatesOpen, mse: mse,
    evaluationMSE: evaluationMSE, firstHitStep: nil, multiplier: 5, openProbabilities: [1, 0.25])
}

/// `CanonicalJSON`'s error for a text; nil if it is a configuration.
func complaint(about text: String) -> String? {
  do {
    _ = try CanonicalJSON.decode(TrialConfiguration.self, from: Data(text.utf8))
    return nil
  } catch {
    return CanonicalJSON.describe(error)
  }
}
