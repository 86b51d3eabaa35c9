import Foundation
import Primitives
import TestSupport
import Testing

@Suite("Adam")
struct AdamOptimizerTests {
  @Test(
    "follows algorithm 1 of Kingma and Ba for ten steps", arguments: runnableInstructionSets)
  func followsThePaper(instructionSet: InstructionSet) {
    let count = 37
    var random = RandomNumbers(seed: 16)
    var theta = random.array(count)
    var m = [Double](repeating: 0, count: count)
    var v = m
    let parameters = AlignedBuffer<Float>(count: count)
    let gradients = AlignedBuffer<Float>(count: count)
    for index in 0..<count { parameters.elements[index] = Float(theta[index]) }
    let optimizer = AdamOptimizer(count: count, instructionSet: instructionSet)
    let settings = AdamOptimizer.Settings()
    for step in 1...10 {
      let slopes = random.array(count)
      for index in 0..<count {
        gradients.elements[index] = Float(slopes[index])
        m[index] = 0.9 * m[index] + 0.1 * slopes[index]
        v[index] = 0.999 * v[index] + 0.001 * slopes[index] * slopes[index]
        let first = m[index] / (1 - pow(0.9, Double(step)))
        let second = v[index] / (1 - pow(0.999, Double(step)))
        theta[index] -= 1e-3 * first / (second.squareRoot() + 1e-8)
      }
      optimizer.step(
        step, parameters: parameters.elements, gradients: gradients.elements, settings: settings)
    }
    #expect(relativeError(parameters.elements.map(Double.init), theta) < singleTolerance)
    #expect(relativeError(optimizer.firstMoments.map(Double.init), m) < singleTolerance)
    #expect(relativeError(optimizer.secondMoments.map(Double.init), v) < singleTolerance)
  }
}
