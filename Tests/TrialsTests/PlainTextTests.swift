import Foundation
import Testing

@testable import Trials

@Suite("Texts and JSON from outside")
struct PlainTextTests {
  @Test("A plain text is unchanged", arguments: ["", "höst-1", "東京 🙂 e\u{301}", "=1+1", "𐍈"])
  func honest(text: String) {
    #expect(Array(PlainText.line(text).utf8) == Array(text.utf8))
    #expect(Array(PlainText.lines(text + "\n\t").utf8) == Array((text + "\n\t").utf8))
  }

  @Test("Control characters, line ends and bidirectional marks are replaced")
  func hostile() {
    #expect(
      PlainText.line("a\nb\tc\r\u{7F}\u{2029}\u{2066}") == "a\u{FFFD}b\u{FFFD}c"
        + "\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}")
    #expect(PlainText.lines("a\nb\tc\r") == "a\nb\tc\u{FFFD}")
  }

  @Test(
    "A duplicate key is found, also with escapes",
    arguments: [
      (#"{"a":1,"a":2}"#, "a"), (#"{"a":1,"\u0061":2}"#, "a"), (#"[{"b":{}},{"c":0,"c":0}]"#, "c"),
      (#"{"x":{"y":[1,{"z":1}],"y":2}}"#, "y"), (#"{"\"":1,"\"":2}"#, "\""),
      (#"{ "a" : {"a":"a"} , "a" : "a" }"#, "a"),
    ])
  func twice(text: String, key: String) {
    #expect(DuplicateKeys.first(in: Data(text.utf8)) == key)
    #expect(throws: DecodingError.self) {
      try CanonicalJSON.decode(Anything.self, from: Data(text.utf8))
    }
  }

  @Test(
    "Equal texts as values or in other objects are not duplicate keys",
    arguments: [
      #"{"a":"a","b":["a","a"]}"#, #"[{"a":1},{"a":1}]"#, #"{"a":{"a":{"a":1}}}"#, #""a""#, "[]",
      #"{"a,\"a":1,"a":2}"#, #"{"a\\":1,"a":2}"#, #"{"a":[{"a":1},"a"],"b":1}"#,
    ])
  func once(text: String) throws {
    #expect(DuplicateKeys.first(in: Data(text.utf8)) == nil)
    _ = try CanonicalJSON.decode(Anything.self, from: Data(text.utf8))
  }

  @Test("Any bytes are scanned to the end without a crash")
  func bytes() {
    for text in ["}}}]", "{\"", "{\"a\\", "[,,{\"a\"", "\"\\", "{]}{\"a\":1"] {
      _ = DuplicateKeys.first(in: Data(text.utf8))
    }
    let data = Data("xx{\"a\":1,\"a\":2}".utf8).dropFirst(2)
    #expect(DuplicateKeys.first(in: data) == "a")
  }

  @Test("A number that JSON cannot hold becomes a text and does not read back as a number")
  func nonFinite() {
    #expect(
      CanonicalJSON.text([1.5, .nan, .infinity, -.infinity])
        == #"[1.5,"NaN","Infinity","-Infinity"]"#)
    #expect(throws: DecodingError.self) {
      try CanonicalJSON.decode([Double].self, from: Data(#"["NaN"]"#.utf8))
    }
  }

  private struct Anything: Decodable {
    init(from decoder: any Decoder) throws {}
  }
}
