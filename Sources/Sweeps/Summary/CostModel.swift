import Trials

/// Estimates how long trials take before any has run.
///
/// A step takes the time of its multiply-adds at an assumed speed, plus a time for every number that
/// lies between two convolutions, which counts in narrow networks, plus a fixed time. A trial that
/// narrows is assumed to need the second decoder pass in half of its steps: nearly always while the
/// gates are undecided, hardly ever once they have saturated.
///
/// The three numbers are fitted to steps of eleven networks, from [4, 8, 16] to [64, 64, 128] at
/// 28×28×1 and from [8, 8, 16, 16] to [32, 32, 64, 64] at 64×64×3, one decoder pass, in AVX2 on a
/// Zen 5 core, times 1.75, by which a Zen 3 core was slower at the default widths. They are off by
/// −13 to +12 %; the worst are [12, 20, 40], foreseen too short, and [16, 16, 32, 32], too long. A
/// core with AVX-512 takes about half the time of wide networks.
struct CostModel {
  /// Useful floating-point operations per second of one core; a multiply-add is two.
  let operationsPerSecond = 75e9
  /// What a number that a convolution computes costs in a step, in seconds.
  ///
  /// That is norms, leaky ReLUs, their gradients and memory; the forward pass alone is a third of it.
  let secondsPerActivation = 2e-9
  /// What every step costs besides, in seconds: optimiser, losses, random numbers.
  let secondsPerStepBesides = 0.6e-3
  /// The share of a narrowing trial's steps in which the two gate vectors differ.
  let secondPassShare = 0.5

  /// The assumptions in one sentence.
  var summary: String {
    "one core at \(Numerals.text(operationsPerSecond / 1e9)) GFLOP/s, "
      + "\(Numerals.text(secondsPerActivation * 1e9)) ns for every activation, "
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
    var activations = Double(shape.encoderActivationsPerImage + shape.decoderActivationsPerImage)
    if configuration.tolerance != .value(0) {
      multiplies += secondPassShare * Double(shape.secondPassMultipliesPerImage)
      activations += secondPassShare * Double(shape.decoderActivationsPerImage) / 3
    }
    let secondsPerImage =
      2 * multiplies / operationsPerSecond + activations * secondsPerActivation
    return secondsPerImage * Double(configuration.trainer.batchSize) + secondsPerStepBesides
  }
}
