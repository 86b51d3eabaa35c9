/// One draw of the gates, shared by the whole batch: u and the two gate vectors of ARM.
package struct GateDraw: Hashable, Sendable {
  /// u ∈ [0,1)ⁿ; ½ before gates are drawn.
  package private(set) var uniforms: [Double]
  /// ν₁, the gates that are open in the first (gradient-free) decoder pass.
  package private(set) var first: [Bool]
  /// ν₂, the gates that are open in the second decoder pass.
  package private(set) var second: [Bool]
  /// ‖ν₂‖₀.
  package private(set) var openCount: Int
  /// Whether ν₁ = ν₂, so that both passes give the same error.
  package private(set) var agrees: Bool

  /// The draw of a step before the first hit: all `count` gates open in both vectors.
  package init(allOpen count: Int) {
    uniforms = [Double](repeating: 0.5, count: count)
    first = [Bool](repeating: true, count: count)
    second = first
    openCount = count
    agrees = true
  }

  /// Opens every gate in both vectors.
  mutating func openAll() {
    for index in uniforms.indices {
      uniforms[index] = 0.5
      first[index] = true
      second[index] = true
    }
    openCount = uniforms.count
    agrees = true
  }

  /// Draws u and sets `ν₁ = 1[u > σ(−kγ)]`, `ν₂ = 1[u < σ(kγ)]` (Algorithm 1, step 1).
  package mutating func draw(_ gates: Gates, from stream: RandomStream) {
    for index in uniforms.indices { uniforms[index] = stream.uniform(index) }
    threshold(gates)
  }

  /// Sets both vectors from given uniforms, one for each gate.
  mutating func set(uniforms: [Double], _ gates: Gates) {
    precondition(uniforms.count == self.uniforms.count, "one u for each gate")
    self.uniforms = uniforms
    threshold(gates)
  }

  private mutating func threshold(_ gates: Gates) {
    openCount = 0
    agrees = true
    for index in uniforms.indices {
      let uniform = uniforms[index]
      first[index] = uniform > Sigmoid.value(-gates.steepness * gates.logits[index])
      second[index] = uniform < gates.openProbabilities[index]
      if second[index] { openCount += 1 }
      if first[index] != second[index] { agrees = false }
    }
  }
}
