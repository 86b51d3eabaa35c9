import Foundation
import Testing
import Trials

@testable import Narrowing

@Suite("Gates (Algorithm 1, steps 1, 7 and 8)")
struct GatesTests {
  private static func gates(_ logits: [Double], steepness: Double = 7) -> Gates {
    Gates(
      steepness: steepness, logits: logits,
      moments: logits.map { _ in Adam.Moments() })
  }

  // "γ₀ = 0.42 for every component (σ(7·0.42) ≈ 0.95)"
  @Test("gates start open with probability 0.95")
  func initial() {
    let gates = Gates(count: 3, settings: TrainerSettings())
    #expect(gates.openProbabilities.allSatisfy { abs($0 - 0.95) < 5e-4 })
    #expect(gates.openCount == 3)
    #expect(abs(gates.expectedOpenCount - 2.85) < 2e-3)
  }

  // "‖ν‖₀ = #{j : σ(kγⱼ) > 0.5}; equality closes the gate"
  @Test("an open probability of one half closes the gate")
  func equality() {
    let gates = Self.gates([-0.1, 0, 0.1])
    #expect(gates.openProbabilities[1] == 0.5)
    #expect((0..<3).map { gates.isOpen($0) } == [false, false, true])
    #expect(gates.openCount == 1)
  }

  // "ν₁ = 1[u > σ(−kγ)], ν₂ = 1[u < σ(kγ)]"
  @Test(
    "u determines both gate vectors",
    arguments: [
      // σ(kγ) = 0.8: ν₁ = [u > 0.2], ν₂ = [u < 0.8].
      (0.8, 0.1, false, true), (0.8, 0.5, true, true), (0.8, 0.9, true, false),
      // σ(kγ) = 0.2: ν₁ = [u > 0.8], ν₂ = [u < 0.2].
      (0.2, 0.1, false, true), (0.2, 0.5, false, false), (0.2, 0.9, true, false),
    ])
  func draw(open: Double, uniform: Double, first: Bool, second: Bool) {
    let gates = Self.gates([log(open / (1 - open)) / 7])
    var draw = GateDraw(allOpen: 1)
    draw.set(uniforms: [uniform], gates)
    #expect(draw.first == [first])
    #expect(draw.second == [second])
    #expect(draw.agrees == (first == second))
    #expect(draw.openCount == (second ? 1 : 0))
  }

  @Test("a draw takes uniform j of the stream for gate j")
  func stream() {
    let gates = Self.gates([0, 0, 0, 0, 0])
    let stream = RandomStream(seed: 3, purpose: .gates, at: 9)
    var draw = GateDraw(allOpen: 5)
    draw.draw(gates, from: stream)
    #expect(draw.uniforms == (0..<5).map { stream.uniform($0) })
  }

  // "derivative k·σ(1−σ)"
  @Test("the penalty's gradient is that of Σσ(kγ)", arguments: [-0.6, -0.05, 0, 0.3])
  func penalty(logit: Double) {
    let step = 1e-6
    let difference =
      Self.gates([logit + step]).expectedOpenCount - Self.gates([logit - step]).expectedOpenCount
    #expect(abs(Self.gates([logit]).penaltyGradient(0) - difference / (2 * step)) < 1e-8)
  }

  // "∇γ += λ′·k·(E₁ − E₂)·(u − ½)" is an unbiased estimate of ∇γ λ′·𝔼[E(ν)] (L0-ARM, theorem 1).
  @Test("the mean of ARM's estimate is the enumerated gradient", arguments: [2, 3])
  func estimator(count: Int) {
    let gates = Self.gates([0.05, -0.1, 0.2].prefix(count).map { $0 }, steepness: 3)
    let multiplier = 0.7
    // An error with interactions between the gates, so that no gate's gradient is its own alone.
    func error(_ open: [Bool]) -> Double {
      let weights = [3.0, 1.5, 0.8]
      let sum = zip(open, weights).reduce(2.0) { $0 + ($1.0 ? $1.1 : -0.4) }
      return sum * sum / 4
    }
    let samples = 60_000
    var sums = [Double](repeating: 0, count: count)
    var squares = sums
    var draw = GateDraw(allOpen: count)
    for step in 1...samples {
      draw.draw(gates, from: RandomStream(seed: 11, purpose: .gates, at: step))
      let difference = error(draw.first) - error(draw.second)
      for index in 0..<count {
        let estimate = gates.estimatedErrorGradient(
          uniform: draw.uniforms[index], errorDifference: difference, multiplier: multiplier)
        sums[index] += estimate
        squares[index] += estimate * estimate
      }
    }
    for index in 0..<count {
      let mean = sums[index] / Double(samples)
      let variance = squares[index] / Double(samples) - mean * mean
      let standardError = (variance / Double(samples)).squareRoot()
      let exact = Self.enumeratedGradient(gates, index, multiplier: multiplier, error: error)
      #expect(abs(mean - exact) < 4 * standardError)
      // The test can tell the gradient from zero and from one of the other sign.
      #expect(abs(exact) > 20 * standardError)
    }
  }

  /// The derivative of λ′·Σ_ν p(ν)·E(ν) by a logit, summed over all gate vectors.
  private static func enumeratedGradient(
    _ gates: Gates, _ index: Int, multiplier: Double, error: ([Bool]) -> Double
  ) -> Double {
    var gradient = 0.0
    for bits in 0..<(1 << gates.count) {
      let open = (0..<gates.count).map { bits >> $0 & 1 == 1 }
      var factor = multiplier * error(open)
      for (other, isOpen) in open.enumerated() {
        let probability = gates.openProbabilities[other]
        if other == index {
          factor *= gates.penaltyGradient(index) * (isOpen ? 1 : -1)
        } else {
          factor *= isOpen ? probability : 1 - probability
        }
      }
      gradient += factor
    }
    return gradient
  }

  @Test("the logistic function neither overflows nor leaves [0, 1]")
  func sigmoid() {
    #expect(Sigmoid.value(0) == 0.5)
    #expect(Sigmoid.value(-1000) == 0)
    #expect(Sigmoid.value(1000) == 1)
    #expect(Sigmoid.softplus(1000) == 1000)
    #expect(Sigmoid.softplus(-1000) == 0)
    #expect(abs(Sigmoid.softplus(0) - log(2)) < 1e-15)
  }
}
