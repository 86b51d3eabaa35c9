import Trials

/// Estimates how long trials take before any has run.
///
/// A step takes the time of its multiply-adds at an assumed speed, plus a fixed time. A trial
/// that narrows is assumed to need the second decoder pass in half of its steps: nearly always
/// while the gates are undecided, hardly ever once they have saturated.
struct CostModel {
  /// Useful floating-point operations per second of one core; a multiply-add is two.
  let operationsPerSecond = 60e9
  /// What every step costs besides, in seconds: optimiser, losses, random numbers.
  let secondsPerStepBesides = 0.5e-3
  /// The share of a narrowing trial's steps in which the two gate vectors differ.
  let secondPassShare = 0.5

  /// The assumptions in one sentence.
  var summary: String {
    "one core at \(Numerals.text(operationsPerSecond / 1e9)) GFLOP/s, "
      + "\(Numerals.text(secondsPerStepBesides * 1e3)) ms besides for every step, a second decoder "
      + "pass in \(Numerals.text(secondPassShare * 100)) % of the steps where the tolerance is above 0"
  }

  /// Seconds of one optimiser step on one core.
  ///
  /// - Parameter latents: n, or an upper bound while it is still to be measured.
  func secondsPerStep(of configuration: TrialConfiguration, latents: Int) -> Double {
    let shape: NetworkShape
    do {
      shape = try NetworkShape(
        image: configuration.dataset.imageShape, channels: configuration.model.channels,
        latents: latents)
    } catch {
      preconditionFailure("a planned configuration is valid: \(error)")
    }
    var multiplies = Double(shape.multipliesPerImage)
    if configuration.tolerance != .value(0) {
      multiplies += secondPassShare * Double(shape.secondPassMultipliesPerImage)
    }
    return 2 * multiplies * Double(configuration.trainer.batchSize) / operationsPerSecond
      + secondsPerStepBesides
  }
}
