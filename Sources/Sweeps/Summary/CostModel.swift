import Trials

/// Estimates the time of trials before any has run.
///
/// The time of a step is that of its multiply-adds at an assumed speed, plus a time per activation,
/// which matters in narrow networks, plus a constant. A narrowing trial is assumed to run the
/// decoder twice in half of its steps: in nearly all steps while gates are undecided, in few once
/// they have saturated.
///
/// The three numbers are fitted to measured steps of eleven networks, from [4, 8, 16] to [64, 64,
/// 128] at 28×28×1 and from [8, 8, 16, 16] to [32, 32, 64, 64] at 64×64×3, with one decoder pass in
/// AVX2 on a Zen 5 core; times 1.75, because a Zen 3 core took that much longer at the default
/// widths. Their errors are −13 % ([12, 20, 40]) to +12 % ([16, 16, 32, 32]). For wide networks a
/// core with AVX-512 takes about half the time.
struct CostModel {
  /// Useful floating-point operations per second of one core; a multiply-add is two.
  let operationsPerSecond = 75e9
  /// Seconds per step for each activation of a convolution: norms, leaky ReLUs, their gradients and
  /// memory.
  ///
  /// The forward pass alone takes a third of it.
  let secondsPerActivation = 2e-9
  /// The constant part of a step in seconds: optimiser, losses, random numbers.
  let constantSecondsPerStep = 0.6e-3
  /// The share of a narrowing trial's steps in which the two gate vectors differ.
  let secondPassShare = 0.5

  /// The assumptions in one sentence.
  var summary: String {
    "one core at \(Numerals.text(operationsPerSecond / 1e9)) GFLOP/s, "
      + "\(Numerals.text(secondsPerActivation * 1e9)) ns for every activation, "
      + "\(Numerals.text(constantSecondsPerStep * 1e3)) ms besides for every step, a second decoder "
      + "pass in \(Numerals.text(secondPassShare * 100)) % of the steps where the tolerance is above 0"
  }

  /// Seconds of one optimiser step on one core.
  ///
  /// - Parameter latents: n, or an upper bound while it is not yet measured.
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
    return secondsPerImage * Double(configuration.trainer.batchSize) + constantSecondsPerStep
  }
}
