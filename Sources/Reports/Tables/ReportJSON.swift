import Foundation
import Trials

/// The JSON of reports: sorted keys, UTF-8, one line per item of a list so that `diff` and `grep`
/// show whole items, ending with a line feed.
///
/// Unknown numbers are absent.
enum ReportJSON {
  /// The bytes of an object with a list as its last value.
  ///
  /// A number that JSON cannot hold, for instance a sum of false results in an old record, becomes
  /// the text `"Infinity"`, `"-Infinity"` or `"NaN"`.
  ///
  /// - Parameters:
  ///   - head: The object's other values; encodes to an object of at least one key.
  ///   - list: The list's key.
  static func data(_ head: some Encodable, list: String, _ items: [some Encodable]) -> Data {
    var text = beginning(head, list: list)
    for (place, item) in items.enumerated() { text += self.item(item, place: place) }
    return Data((text + ending).utf8)
  }

  /// What stands before the items of the list.
  static func beginning(_ head: some Encodable, list: String) -> String {
    var text = CanonicalJSON.text(head)
    precondition(text.hasSuffix("}") && text != "{}", "a report's head is an object with keys")
    text.removeLast()
    return text + ",\"\(list)\":["
  }

  /// An item of the list, of which the first has the place 0.
  static func item(_ item: some Encodable, place: Int) -> String {
    (place == 0 ? "\n" : ",\n") + CanonicalJSON.text(item)
  }

  /// What stands after the items of the list.
  static let ending = "\n]}\n"
}
