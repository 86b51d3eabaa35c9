import Autoencoder
import Primitives
import Trials

/// Trains one network by Algorithm 1 of De Boom et al., "Dynamic Narrowing of VAE Bottlenecks
/// Using GECO and L0 Regularization".
///
/// ``step()`` is one iteration of the algorithm's loop. Code and tests cite its ten steps by
/// number:
///
/// 1. Draw u and from it ν₁ and ν₂; before the first hit both are all ones.
/// 2. Encode, and sample z = μ + σ⊙ε, once for both decoder passes; σ is exp(ℓ/2) or exp(ℓ)
///    (``Trials/Posterior``).
/// 3. E₂ and E₁, the mean squared errors of decoding z⊙ν₂ and z⊙ν₁.
/// 4. C = E₂ − τ and its moving average C_ma; C′ has the value of C_ma and the gradient of C.
/// 5. λ′ = clamp(softplus(λ)²).
/// 6. The loss: λ′·C′ plus the divergence over open dimensions.
/// 7. If C ≤ 0, add the penalty Σσ(kγ) and set `hit`, which stays set.
/// 8. Gradients of the loss; after a hit, ARM's estimate for γ.
/// 9. λ ascends.
/// 10. Adam on parameters, γ and λ.
///
/// If ν₁ = ν₂, E₁ equals E₂ to the bit and its decoder pass is skipped. Only one thread at a time
/// may use a trainer. Steps do not allocate memory.
package final class Trainer {
  /// The network; the caller fills its images before each ``step()``.
  package let network: Autoencoder
  /// Adam's moments of the network's parameters.
  package let optimizer: AdamOptimizer
  /// The state carried from step to step, except for the network and its moments.
  package internal(set) var state: NarrowingState
  /// The gates drawn in the latest step.
  package internal(set) var draw: GateDraw
  /// ε, the posterior's sample and its divergence in the latest step.
  let posterior: LatentPosterior
  /// Gradient of the loss with respect to γ in the latest step.
  private(set) var gateGradients: [Double]

  private let settings: TrainerSettings
  private let adamSettings: AdamOptimizer.Settings
  private let seed: UInt64
  private let forceSecondPass: Bool

  /// A trainer before its first step, with initialised parameters.
  ///
  /// - Parameters:
  ///   - network: Its batch size must be the settings'.
  ///   - tolerance: τ; 0 trains a baseline.
  ///   - quiet: The rule for an early end, and the steps of an epoch; nil for none.
  ///   - ladder: The tolerances of a traced trial, of which `tolerance` is the first; nil for others.
  ///   - forceSecondPass: Runs the decoder for E₁ even if ν₁ = ν₂; for the test that the result is
  ///     the same to the bit.
  package init(
    network: Autoencoder, tolerance: Double, settings: TrainerSettings, seed: UInt64,
    quiet: (rule: QuietRule, epochSteps: Int)? = nil, ladder: ToleranceLadder? = nil,
    forceSecondPass: Bool = false
  ) {
    precondition(network.batchSize == settings.batchSize, "the network is made for the batch size")
    let latents = network.shape.latents
    self.network = network
    self.settings = settings
    self.seed = seed
    self.forceSecondPass = forceSecondPass
    adamSettings = AdamOptimizer.Settings(
      learningRate: settings.learningRate, beta1: settings.adamBeta1, beta2: settings.adamBeta2,
      epsilon: settings.adamEpsilon)
    optimizer = AdamOptimizer(count: network.parameters.count, team: network.team)
    state = NarrowingState(
      latents: latents, tolerance: tolerance, settings: settings, quiet: quiet,
      ladder: ladder)
    posterior = LatentPosterior(
      batchSize: network.batchSize, latents: latents, reading: settings.posterior)
    draw = GateDraw(allOpen: latents)
    gateGradients = [Double](repeating: 0, count: latents)
    ParameterInitialiser.initialise(network, seed: seed)
  }

  /// Takes one step on the images in the network.
  ///
  /// - Throws: A failure with cause ``FailureCause/notANumber`` if an error, the constraint's
  ///   average, λ or a gate logit is not finite; the trainer is unusable then.
  package func step() throws(TrialFailure) -> StepReport {
    drawNumbers()
    return try update()
  }

  /// Draws the next step's random numbers: ε and, if gates are drawn, u.
  private func drawNumbers() {
    let step = state.step + 1
    // 1. Gates.
    if state.hasHit {
      draw.draw(state.gates, from: RandomStream(seed: seed, purpose: .gates, at: step))
    } else {
      draw.openAll()
    }
    posterior.drawNoise(from: RandomStream(seed: seed, purpose: .noise, at: step))
  }

  /// Takes a step with the random numbers in ``draw`` and ``posterior``.
  func update() throws(TrialFailure) -> StepReport {
    let step = state.step + 1

    // 2. Posterior and one sample of it.
    network.encode()
    posterior.sample(mean: network.posteriorMean, logVariance: network.posteriorLogVariance)

    // 3. Errors. The ν₂ pass is last, because the backward pass needs its activations.
    let needsSecondPass = !draw.agrees || forceSecondPass
    let firstError = needsSecondPass ? decode(draw.first, updatingStatistics: false) : nil
    let error = decode(draw.second, updatingStatistics: true)
    try check(error, "the squared error E₂", step)

    // 4. Constraint. 5. Multiplier.
    let (constraint, average) = state.constraint.observe(squaredError: error)
    let multiplier = state.multiplier.effective

    // 6. Divergence over the open dimensions.
    let weight = LatentPosterior.weight(settings.klReduction, openCount: draw.openCount)
    let divergence = posterior.divergence(
      mean: network.posteriorMean, logVariance: network.posteriorLogVariance, open: draw.second,
      weight: weight)

    // 7. Penalty, if this batch meets the tolerance.
    let meetsTolerance = constraint <= 0
    if meetsTolerance, !state.hasHit { state.firstHitStep = step }

    // 8. Gradients. C′ has the gradient of C = E₂ − τ, so λ′ scales that of E₂.
    network.decodeBackward(errorScale: Float(multiplier))
    posterior.backward(
      mean: network.posteriorMean, open: draw.second, weight: weight,
      latentGradient: network.latentGradient, meanGradient: network.meanGradient,
      logVarianceGradient: network.logVarianceGradient)
    network.encodeBackward()
    let difference = (firstError ?? error) - error
    for index in gateGradients.indices {
      var gradient = meetsTolerance ? state.gates.penaltyGradient(index) : 0
      if state.hasHit {
        gradient += state.gates.estimatedErrorGradient(
          uniform: draw.uniforms[index], errorDifference: difference, multiplier: multiplier)
      }
      gateGradients[index] = gradient
    }

    // 9. and 10. λ ascends, everything else descends.
    let adam = Adam(settings: settings, step: step)
    state.multiplier.ascend(constraintAverage: average, adam: adam)
    state.gates.descend(gradients: gateGradients, adam: adam)
    optimizer.step(
      step, parameters: network.parameters, gradients: network.gradients, settings: adamSettings)
    network.parametersChanged()

    state.step = step
    state.observeMSE(squaredError: error, smoothing: settings.mseSmoothing)
    try check(state.multiplier.raw, "the multiplier λ", step)
    for logit in state.gates.logits { try check(logit, "a gate logit γ", step) }
    state.observeQuiet()
    return StepReport(
      squaredError: error, firstSquaredError: firstError ?? error, constraint: constraint,
      constraintAverage: average, multiplier: multiplier, divergence: divergence,
      ranSecondPass: needsSecondPass)
  }

  /// Decodes z under a gate vector.
  ///
  /// - Returns: The mean over the batch of the summed squared error.
  private func decode(_ open: [Bool], updatingStatistics: Bool) -> Double {
    posterior.gate(open, into: network.latents)
    network.decode(updatingStatistics: updatingStatistics)
    return network.squaredErrors.reduce(0, +) / Double(network.batchSize)
  }

  private func check(_ value: Double, _ name: String, _ step: Int) throws(TrialFailure) {
    guard !value.isFinite else { return }
    throw TrialFailure(
      cause: .notANumber, message: "step \(step): \(name) is \(value), expected a finite number")
  }

  /// The share of the latest batch's images whose own squared error is at most τ; the paper's
  /// tolerance hits.
  package var toleranceHits: Double {
    let hits = network.squaredErrors.count { $0 <= state.constraint.tolerance }
    return Double(hits) / Double(network.batchSize)
  }
}
