import Foundation
import Testing

@testable import Reports

@Suite("Values of tidy tables")
struct TidyCellTests {
  @Test(
    "a number that is not valid JSON is reformatted",
    arguments: [
      ("1.5", "1.5"), ("-0.25", "-0.25"), ("0", "0"), ("1e-05", "1e-05"), (".5", "0.5"),
      ("1.", "1"), ("007", "7"), ("-.5", "-0.5"), ("+1", "1"), ("0x10", "16"),
      ("nan", "null"), ("1e999", "null"), ("", "null"), ("words", "null"),
    ])
  func json(_ text: String, _ expected: String) throws {
    let json = TidyCell.field(Substring(text)).json
    #expect(json == expected)
    #expect(throws: Never.self) {
      try JSONSerialization.jsonObject(with: Data(json.utf8), options: .fragmentsAllowed)
    }
  }
}
