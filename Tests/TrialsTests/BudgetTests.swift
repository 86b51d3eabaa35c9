import Foundation
import Testing

@testable import Trials

@Suite("Budgets")
struct BudgetTests {
  @Test(
    "a count and a unit",
    arguments: [
      ("200000 batches", Budget.batches(200_000)), ("200_000 batches", .batches(200_000)),
      ("1 batch", .batches(1)), ("2000 epochs", .epochs(2000)), ("1 epoch", .epochs(1)),
      ("  3   epochs ", .epochs(3)), ("1000000000 batches", .batches(1_000_000_000)),
    ])
  func parses(text: String, budget: Budget) {
    #expect(Budget(text) == budget)
    #expect(Budget(budget.description) == budget)
  }

  @Test(
    "anything else is refused",
    arguments: [
      "", "5", "batches", "0 batches", "-1 epochs", "1.5 epochs", "5 steps", "5batches",
      "5 batches 6", "1000000001 batches", "99999999999999999999 batches",
    ])
  func refuses(text: String) {
    #expect(Budget(text) == nil)
  }

  @Test("an epoch is split into whole batches, and the remainder is dropped (D-12)")
  func batches() {
    #expect(Budget.epochs(2).batches(trainingImageCount: 60_000, batchSize: 64) == 2 * 937)
    #expect(Budget.epochs(3).batches(trainingImageCount: 128, batchSize: 64) == 6)
    #expect(Budget.batches(7).batches(trainingImageCount: 60_000, batchSize: 64) == 7)
  }

  @Test("JSON is the text; other text is refused with what was expected")
  func json() throws {
    #expect(CanonicalJSON.text([Budget.batches(1), .epochs(20)]) == "[\"1 batch\",\"20 epochs\"]")
    let text = baselineText.replacing("200000 batches", with: "200000 bytes")
    #expect(
      complaint(about: text)?.hasSuffix(
        "expected a budget such as \"200000 batches\" or \"100 epochs\", found \"200000 bytes\"")
        == true)
  }
}
