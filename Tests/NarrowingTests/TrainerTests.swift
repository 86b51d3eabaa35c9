import Autoencoder
import Digests
import Foundation
import Primitives
import Testing
import Trials

@testable import Narrowing

/// Each test cites the step of Algorithm 1 that it checks, numbered as in the documentation of
/// ``Trainer``.
@Suite("The trainer, line by line")
struct TrainerTests {
  /// A tolerance that every batch meets.
  private static let generous = 1e5

  // Step 1: "before the first hit both are all ones".
  @Test("before the first hit gates are not drawn and logits do not change")
  func noHit() throws {
    let trainer = try TinyTrial.trainer(tolerance: 0)
    let reports = try TinyTrial.train(trainer, steps: 4)
    #expect(trainer.state.firstHitStep == nil)
    #expect(trainer.draw == GateDraw(allOpen: TinyTrial.latents))
    #expect(trainer.state.gates.logits == [0.42, 0.42, 0.42])
    #expect(reports.allSatisfy { !$0.ranSecondPass && $0.firstSquaredError == $0.squaredError })
  }

  // Step 1: after a hit, u is the step's own draw.
  @Test("after the hit each step draws its gates from its own stream")
  func drawn() throws {
    let trainer = try TinyTrial.trainer(tolerance: Self.generous, seed: 23)
    try TinyTrial.train(trainer, steps: 3)
    let stream = RandomStream(seed: 23, purpose: .gates, at: 3)
    #expect(trainer.draw.uniforms == (0..<TinyTrial.latents).map { stream.uniform($0) })
  }

  // Step 3: "Eᵢ = mean over the batch of Σ_pixels (decoder(z⊙νᵢ) − x)²".
  @Test("errors are means of the batch's summed squared errors")
  func errors() throws {
    let trainer = try TinyTrial.trainer()
    let report = try TinyTrial.train(trainer, steps: 1)[0]
    let expected = trainer.network.squaredErrors.reduce(0, +) / Double(TinyTrial.batchSize)
    #expect(report.squaredError == expected)
    #expect(report.squaredError > 0)
  }

  // Step 3: "If ν₁ = ν₂ then E₁ = E₂ exactly, so the pass for E₁ is skipped"; only the ν₂ pass
  // updates running statistics.
  @Test(
    "skipping the pass for E₁ if ν₁ = ν₂ changes no bit", arguments: [0, 1e5],
    Precision.allCases)
  func skip(tolerance: Double, precision: Precision) throws {
    var settings = TinyTrial.settings
    settings.precision = precision
    let skipping = try TinyTrial.trainer(tolerance: tolerance, settings: settings)
    let forced = try TinyTrial.trainer(
      tolerance: tolerance, settings: settings, forceSecondPass: true)
    let skippingReports = try TinyTrial.train(skipping, steps: 12)
    let forcedReports = try TinyTrial.train(forced, steps: 12)
    #expect(forcedReports.allSatisfy { $0.ranSecondPass })
    #expect(skippingReports.contains { !$0.ranSecondPass })
    for (left, right) in zip(skippingReports, forcedReports) {
      #expect(left.squaredError == right.squaredError)
      #expect(left.firstSquaredError == right.firstSquaredError)
    }
    #expect(skipping.fingerprint == forced.fingerprint)
  }

  // Step 3: different gates give different errors.
  @Test("if the gate vectors differ, the errors differ")
  func differentErrors() throws {
    let trainer = try TinyTrial.trainer(tolerance: Self.generous, settings: Self.undecided)
    let reports = try TinyTrial.train(trainer, steps: 6)
    let differing = reports.filter { $0.firstSquaredError != $0.squaredError }
    #expect(!differing.isEmpty)
    #expect(differing.allSatisfy { $0.ranSecondPass })
  }

  /// Settings whose gates start near one half.
  private static var undecided: TrainerSettings {
    var settings = TinyTrial.settings
    settings.initialGateLogit = 0.02
    return settings
  }

  // Steps 4 and 5: the constraint's average and the multiplier that weighs it.
  @Test("the constraint's average and λ′ follow from the errors")
  func constraint() throws {
    let trainer = try TinyTrial.trainer(tolerance: 30)
    let reports = try TinyTrial.train(trainer, steps: 4)
    var constraint = Constraint(tolerance: 30, smoothing: 0.99)
    var multiplier = LagrangeMultiplier(settings: TinyTrial.settings)
    for (index, report) in reports.enumerated() {
      let (value, average) = constraint.observe(squaredError: report.squaredError)
      #expect(report.constraint == value)
      #expect(report.constraintAverage == average)
      #expect(report.multiplier == multiplier.effective)
      // Steps 9 and 10: λ ascends by Adam.
      multiplier.ascend(
        constraintAverage: average, adam: Adam(settings: TinyTrial.settings, step: index + 1))
    }
    #expect(trainer.state.multiplier == multiplier)
    #expect(trainer.state.multiplier.raw > 1)
  }

  // Step 7: "If C ≤ 0 … hit = true. hit never goes back to false."
  @Test("the first hit is never reset")
  func hit() throws {
    let trainer = try TinyTrial.trainer(tolerance: 0)
    try TinyTrial.train(trainer, steps: 2)
    let constraint = trainer.state.constraint
    trainer.state.constraint = Constraint(tolerance: Self.generous, smoothing: 0.99)
    try TinyTrial.train(trainer, steps: 1)
    #expect(trainer.state.firstHitStep == 3)
    trainer.state.constraint = constraint
    try TinyTrial.train(trainer, steps: 2)
    #expect(trainer.state.firstHitStep == 3)
    #expect(trainer.state.hasHit)
  }

  // Step 7 is decided by this batch's C, not by the average.
  @Test("a batch meets the tolerance by its own error, whatever the average")
  func ownConstraint() throws {
    let trainer = try TinyTrial.trainer(tolerance: Self.generous)
    trainer.state.constraint.average = 1e9
    let report = try TinyTrial.train(trainer, steps: 1)[0]
    #expect(report.constraintAverage > 0)
    #expect(trainer.state.firstHitStep == 1)
  }

  // Steps 7 and 8: the penalty's gradient where C ≤ 0, plus "∇γ += λ′·k·(E₁ − E₂)·(u − ½)" after
  // a hit, "zero in the step in which hit first became true". Step 10: Adam.
  @Test("logits move by the penalty and ARM's estimate")
  func gateGradient() throws {
    let settings = Self.undecided
    let trainer = try TinyTrial.trainer(tolerance: Self.generous, settings: settings)
    var expected = Gates(count: TinyTrial.latents, settings: settings)
    for step in 1...6 {
      // The last two batches miss the tolerance: no penalty, but ARM's estimate continues.
      if step == 5 {
        trainer.state.constraint = Constraint(tolerance: 0, smoothing: 0.99)
      }
      let report = try TinyTrial.train(trainer, steps: 1)[0]
      let gradients = (0..<TinyTrial.latents).map { index in
        let penalty = step < 5 ? expected.penaltyGradient(index) : 0
        let difference = report.firstSquaredError - report.squaredError
        return penalty + report.multiplier * 7 * difference * (trainer.draw.uniforms[index] - 0.5)
      }
      if step == 1 { #expect(report.firstSquaredError == report.squaredError) }
      expected.descend(gradients: gradients, adam: Adam(settings: settings, step: step))
      for (found, wanted) in zip(trainer.state.gates.logits, expected.logits) {
        #expect(abs(found - wanted) < 1e-12)
      }
    }
    #expect(trainer.state.gates.logits != [0.02, 0.02, 0.02])
  }

  // Step 8, the whole of it: the gradient of λ′·E₂ + divergence by the parameters, with ε and
  // gates held fixed. Along a tensor's own gradient g the loss must rise at the rate |g|.
  @Test(
    "every tensor's gradient is the derivative of the loss",
    arguments: [KLReduction.meanOpen, .sum])
  func wholeStep(reduction: KLReduction) throws {
    var settings = TinyTrial.settings
    settings.klReduction = reduction
    let trainer = try TinyTrial.trainer(settings: settings)
    try TinyTrial.train(trainer, steps: 1)
    let gradients = Array(trainer.network.gradients)
    for tensor in trainer.network.tensors {
      let norm = gradients[tensor.range].reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
      // Far above float's resolution of the loss, and short enough to cross few of the kinks that
      // leaky ReLUs put into a batch of four.
      let length = 3e-4
      func loss(_ shift: Double) throws -> Double {
        let shifted = try TinyTrial.trainer(settings: settings)
        for index in tensor.range {
          shifted.network.parameters[index] += Float(shift * Double(gradients[index]) / norm)
        }
        shifted.network.parametersChanged()
        let report = try TinyTrial.train(shifted, steps: 1)[0]
        return report.multiplier * report.squaredError + report.divergence
      }
      let slope = (try loss(length) - loss(-length)) / (2 * length)
      #expect(
        abs(slope - norm) < 0.03 * norm + 0.01, "\(tensor.name): slope \(slope), norm \(norm)")
    }
  }

  // Step 10: "Adam on every network parameter".
  @Test("parameters move by Adam's first step, against the sign of their gradient")
  func parameters() throws {
    let trainer = try TinyTrial.trainer()
    let before = Array(trainer.network.parameters)
    try TinyTrial.train(trainer, steps: 1)
    var moved = 0
    for (index, gradient) in trainer.network.gradients.enumerated() where abs(gradient) > 1e-3 {
      let move = Double(trainer.network.parameters[index]) - Double(before[index])
      #expect(abs(move + (gradient > 0 ? 1e-3 : -1e-3)) < 1e-6)
      moved += 1
    }
    #expect(moved > before.count / 4)
  }

  // "training MSE = moving average, factor 0.95, of E₂ over steps"
  @Test("the reported MSE is the moving average of the errors, starting with the first")
  func mse() throws {
    let trainer = try TinyTrial.trainer()
    let errors = try TinyTrial.train(trainer, steps: 3).map(\.squaredError)
    let expected = 0.95 * (0.95 * errors[0] + 0.05 * errors[1]) + 0.05 * errors[2]
    #expect(trainer.state.mse.map { abs($0 - expected) < 1e-9 } == true)
  }

  @Test("the share of tolerance hits counts images, not batches")
  func toleranceHits() throws {
    let trainer = try TinyTrial.trainer()
    try TinyTrial.train(trainer, steps: 1)
    let errors = trainer.network.squaredErrors.sorted()
    trainer.state.constraint = Constraint(tolerance: errors[2], smoothing: 0.99)
    #expect(trainer.toleranceHits == 0.75)
  }

  @Test("training lowers the error")
  func progress() throws {
    var settings = TinyTrial.settings
    settings.learningRate = 0.01
    let trainer = try TinyTrial.trainer(settings: settings)
    let reports = try TinyTrial.train(trainer, steps: 30)
    #expect(reports[29].squaredError < 0.5 * reports[0].squaredError)
  }

  @Test("equal seeds give equal bits, different seeds different ones")
  func determinism() throws {
    let trainers = try [5, 5, 6].map {
      try TinyTrial.trainer(tolerance: Self.generous, seed: $0)
    }
    for trainer in trainers { try TinyTrial.train(trainer, steps: 4) }
    #expect(trainers[0].fingerprint == trainers[1].fingerprint)
    #expect(trainers[0].fingerprint != trainers[2].fingerprint)
  }

  @Test("a loss that is not finite ends the trial and names the step")
  func notANumber() throws {
    let trainer = try TinyTrial.trainer()
    try TinyTrial.train(trainer, steps: 1)
    TinyTrial.loadBatch(2, into: trainer)
    trainer.network.images[0] = .nan
    let failure = #expect(throws: TrialFailure.self) { try trainer.step() }
    #expect(failure?.cause == .notANumber)
    #expect(failure?.message.hasPrefix("step 2: the squared error E₂ is ") == true)
  }
}

extension Trainer {
  /// A digest of all state that later steps depend on.
  var fingerprint: Digest {
    let arrays = [
      network.parameters, network.runningStatistics, optimizer.firstMoments,
      optimizer.secondMoments,
    ]
    let scalars =
      state.gates.logits + state.gates.moments.flatMap { [$0.first, $0.second] } + [
        state.multiplier.raw, state.multiplier.moments.first, state.multiplier.moments.second,
        state.constraint.average ?? -1, state.mse ?? -1, Double(state.step),
        Double(state.firstHitStep ?? -1),
      ]
    var stream = DigestStream()
    for array in arrays { stream.append(UnsafeRawBufferPointer(array)) }
    scalars.withUnsafeBytes { stream.append($0) }
    return stream.digest
  }
}

@Suite("Initial parameters")
struct ParameterInitialiserTests {
  // "weights and biases U(−1/√fan_in, 1/√fan_in), BatchNorm 1 and 0"
  @Test("each element is its own draw, within the bound of its layer")
  func initial() throws {
    let network = try TinyTrial.trainer(seed: 0x0123_4567_89ab_cdef).network
    // Element 5 is drawn as 0.3212593197822571 (computed in Python); the first layer's fan-in is
    // 4·4·1.
    #expect(network.tensors[0].fanIn == 16)
    #expect(network.parameters[5] == Float((2 * 0.321_259_319_782_257_1 - 1) / 4))
    for tensor in network.tensors {
      let values = network.parameters[tensor.range]
      switch tensor.role {
      case .weight, .bias:
        let bound = Float(1 / Double(tensor.fanIn).squareRoot())
        #expect(values.allSatisfy { abs($0) <= bound })
        if tensor.count > 50 { #expect(values.contains { abs($0) > 0.9 * bound }) }
      case .normScale: #expect(values.allSatisfy { $0 == 1 })
      default: #expect(values.allSatisfy { $0 == 0 })
      }
    }
  }
}
