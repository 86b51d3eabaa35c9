import Foundation
import Testing

@testable import Reports

@Suite("Numbers as text")
struct NumberTextTests {
  /// What C's format says, without trailing zeros.
  private func formatted(_ number: Double) -> String {
    var text = NumberText.fixed(number, 2)
    guard text.contains(".") else { return text }
    while text.hasSuffix("0") { text.removeLast() }
    if text.hasSuffix(".") { text.removeLast() }
    return text
  }

  @Test("At most two decimals, rounded as C's format rounds", arguments: [1.0, 100, 1e5, 1e7])
  func compact(scale: Double) {
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<5000 {
      let number = Double.random(in: -scale...scale, using: &generator)
      #expect(NumberText.compact(number) == formatted(number), "\(number)")
      // Exactly between two texts, or as near as a number can be.
      let half = (number * 100).rounded() / 100 + 0.005
      for near in [half, half.nextUp, half.nextDown] {
        #expect(NumberText.compact(near) == formatted(near), "\(near)")
      }
    }
  }

  @Test("Zero has no sign, and non-finite values are written as words")
  func special() {
    #expect(
      [0, -0.0, -0.001, 0.005, -2.5, 7].map { NumberText.compact($0) }
        == ["0", "0", "0", "0.01", "-2.5", "7"])
    #expect(NumberText.compact(.nan).contains("nan"))
    #expect(NumberText.compact(.infinity).contains("inf"))
  }
}
