import Foundation

/// The colour scheme of a drawing.
package enum ColourScheme: String, CaseIterable, Sendable {
  /// A white background, as in files.
  case light
  /// A nearly black background.
  case dark

  /// The dark counterpart of each colour that drawings use; both keep a contrast of 4.5 or more for
  /// text.
  private static let darkColours = [
    "ffffff": "14171a", "000000": "f5f6f7", "222222": "e8eaed", "444444": "9aa3ad",
    "e6e6e6": "2c3238",
    "666666": "aab2bb", "b03a00": "ffb38a", "0072b2": "56a8e6", "d55e00": "ff8b3d",
    "009e73": "2fc79a", "cc79a7": "e39cc3", "e69f00": "f2b53a", "56b4e9": "8ccdf5",
  ]

  /// A drawing's bytes in this scheme.
  ///
  /// Texts in a drawing have escaped quotes, so `"#` and six digits are always a colour.
  func applied(to svg: Data) -> Data {
    guard self == .dark else { return svg }
    let parts = String(decoding: svg, as: UTF8.self).components(separatedBy: "\"#")
    let coloured = parts.dropFirst().map { part in
      let colour = String(part.prefix(6))
      return (Self.darkColours[colour] ?? colour) + part.dropFirst(6)
    }
    return Data(([parts[0]] + coloured).joined(separator: "\"#").utf8)
  }
}
