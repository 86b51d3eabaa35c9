import Foundation
import Testing
import Trials

@Suite("Configurations that people write")
struct JSONSyntaxTests {
  /// The error for a text; nil if it is a configuration.
  private func complaint(_ text: String) -> String? {
    do {
      _ = try CanonicalJSON.decodeStrictly(TrialConfiguration.self, from: Data(text.utf8))
      return nil
    } catch {
      return CanonicalJSON.describe(error)
    }
  }

  /// The test's configuration with one piece of its text replaced.
  private func complaint(replacing piece: String, by other: String) throws -> String? {
    let range = try #require(baselineText.range(of: piece))
    return complaint(baselineText.replacingCharacters(in: range, with: other))
  }

  @Test("valid JSON is read, with white space and escapes")
  func right() throws {
    #expect(complaint(baselineText) == nil)
    #expect(try complaint(replacing: ":", by: " :\r\n\t ") == nil)
    #expect(try complaint(replacing: "mnist", by: #"\u006dnist"#) == nil)
  }

  @Test(
    "a value of another kind is named in words, with its place",
    arguments: [
      (
        "\"latents\":5", "\"latents\":3.5",
        "model.latents: found 3.5, expected a whole number from 1 to 4096"
      ),
      (
        "\"latents\":5", "\"latents\":\"5\"",
        "model.latents: found a text, expected a whole number"
      ),
      (
        "\"tolerance\":0", "\"tolerance\":\"ten\"",
        "tolerance: found a text, expected a number"
      ),
      ("[32,32,64]", "32", "model.channels: found a number, expected a list"),
      ("\"mnist\"", "7", "dataset: found a number, expected a text"),
    ])
  func kinds(piece: String, other: String, expected: String) throws {
    #expect(try complaint(replacing: piece, by: other) == expected)
  }

  @Test(
    "a syntax error has line and column, what was found and what was expected",
    arguments: [
      ("{\"tolerance\": NaN}", "line 1, column 15: tolerance: found NaN, expected a number, text"),
      (
        "{\n \"tolerance\": -Infinity}", "line 2, column 15: tolerance: found -Infinity, expected a"
      ),
      ("{\"a\": 1,\n\"a\": 2}", "line 2, column 1: found \"a\" a second time, expected every key"),
      (#"{"a": 1, "\u0061": 2}"#, "found \"a\" a second time"),
      ("{\"a\": {\"b\": [1, {\"c\": 1, \"c\": 2}]}}", "a.b.1: found \"c\" a second time"),
      ("{\"a\": 1e999}", "found 1e999, expected a number within"),
      ("{\"a\": 01}", "found 01, expected a number"),
      ("{\"a\": 1,}", "found \"}\", expected a key in quotation marks"),
      ("{\"a\": 1", "found the end, expected a comma or a closing brace"),
      ("{\"a\": \"b", "found the end, expected a closing quotation mark"),
      ("{\"a\": tru}", "found tru, expected a number, text, object"),
      ("{'a': 1}", "found 'a', expected a key in quotation marks"),
      ("{\"a\": 1} {", "found \"{\", expected the end of the text"),
      ("", "line 1, column 1: found the end, expected a number, text, object"),
      (#"{"a": "\q"}"#, "expected a text with known escapes"),
      (String(repeating: "[", count: 100_000), "expected at most 64 objects and lists"),
    ])
  func slips(text: String, expected: String) {
    let found = complaint(text)
    #expect(found?.contains(expected) == true, "\(found ?? "nothing")")
  }

  @Test("any prefix of a text is valid or an error, and never a crash")
  func cut() {
    let bytes = Data(baselineText.utf8)
    for count in 0..<bytes.count {
      #expect(complaint(String(decoding: bytes.prefix(count), as: UTF8.self)) != nil)
    }
  }
}
