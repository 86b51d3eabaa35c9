import Foundation
import Trials

/// The JSON of reports: sorted keys, one line for each item of a list so that differences and
/// searches find whole items, UTF-8, ended by a line break.
///
/// A number that is not known yet is absent.
enum ReportJSON {
  /// The bytes of an object with a list as its last value.
  ///
  /// A number that JSON cannot hold, such as the sum of what an old record's worker made up, is the
  /// text `"Infinity"`, `"-Infinity"` or `"NaN"`.
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
