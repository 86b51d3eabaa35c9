import Foundation
import Testing
import Trials

@testable import Narrowing

@Suite("GECO's constraint and multiplier (Algorithm 1, steps 4, 5 and 9)")
struct LagrangeMultiplierTests {
  private static func multiplier(_ raw: Double) -> LagrangeMultiplier {
    LagrangeMultiplier(raw: raw, settings: TrainerSettings(), moments: Adam.Moments())
  }

  // "C = E₂ − τ; C_ma = C at the first step, else α·C_ma + (1−α)·C"
  @Test("the constraint's average begins with the first batch")
  func average() {
    var constraint = Constraint(tolerance: 10, smoothing: 0.75)
    #expect(constraint.observe(squaredError: 30) == (20, 20))
    #expect(constraint.observe(squaredError: 6) == (-4, 0.75 * 20 + 0.25 * -4))
  }

  // "λ′ = clamp(softplus(λ)², λ_min, λ_max)", λ₀ = 1, λ_min = 1e-5, λ_max = 5
  @Test(
    "the effective multiplier is the clamped square of softplus",
    arguments: [
      (1.0, pow(log(1 + exp(1)), 2)), (0.0, pow(log(2), 2)), (-20.0, 1e-5), (30.0, 5.0),
    ])
  func effective(raw: Double, expected: Double) {
    #expect(abs(Self.multiplier(raw).effective - expected) < 1e-14)
  }

  // "its gradient is −C_ma · dλ′/dλ"
  @Test("inside the clamps the gradient is −C_ma·dλ′/dλ", arguments: [-3.0, 0.0, 1.0, 1.5])
  func gradient(raw: Double) {
    let step = 1e-6
    let slope =
      (Self.multiplier(raw + step).effective - Self.multiplier(raw - step).effective) / (2 * step)
    #expect(abs(Self.multiplier(raw).gradient(constraintAverage: 2.5) + 2.5 * slope) < 1e-8)
  }

  // "at the clamp only a move further outward is blocked; a move back inward passes"
  @Test("beyond a clamp λ can only move back")
  func clamps() {
    let (high, low) = (Self.multiplier(30), Self.multiplier(-20))
    #expect(high.gradient(constraintAverage: 1) == 0)
    #expect(high.gradient(constraintAverage: -1) > 0)
    #expect(low.gradient(constraintAverage: -1) == 0)
    #expect(low.gradient(constraintAverage: 1) < 0)
  }

  // "λ is ascended"
  @Test("λ rises while the constraint is violated and falls while it is met")
  func ascent() {
    let adam = Adam(settings: TrainerSettings(), step: 1)
    var violated = Self.multiplier(1)
    violated.ascend(constraintAverage: 3, adam: adam)
    var met = Self.multiplier(1)
    met.ascend(constraintAverage: -3, adam: adam)
    // Adam's first step has the size of the learning rate whatever the gradient.
    #expect(abs(violated.raw - 1.001) < 1e-9)
    #expect(abs(met.raw - 0.999) < 1e-9)
  }
}

@Suite("Adam in double precision (Algorithm 1, step 10)")
struct AdamTests {
  // Kingma and Ba, algorithm 1, written out with explicit bias-corrected moments.
  @Test("three steps with different gradients follow the published rule")
  func trajectory() {
    var settings = TrainerSettings()
    settings.learningRate = 0.1
    var parameter = 2.0
    var moments = Adam.Moments()
    var (expected, first, second) = (2.0, 0.0, 0.0)
    for (step, gradient) in [(1, 0.5), (2, -3.0), (3, 0.0)] {
      Adam(settings: settings, step: step)
        .descend(&parameter, gradient: gradient, moments: &moments)
      first = 0.9 * first + 0.1 * gradient
      second = 0.999 * second + 0.001 * gradient * gradient
      let (m, v) = (first / (1 - pow(0.9, Double(step))), second / (1 - pow(0.999, Double(step))))
      expected -= 0.1 * m / (v.squareRoot() + 1e-8)
      #expect(abs(parameter - expected) < 1e-12)
    }
  }

  @Test("a parameter without gradient stays")
  func rest() {
    var parameter = 0.42
    var moments = Adam.Moments()
    Adam(settings: TrainerSettings(), step: 5)
      .descend(&parameter, gradient: 0, moments: &moments)
    #expect(parameter == 0.42)
  }
}
