import Foundation

/// Finds keys that a JSON object has twice, which decoders silently accept.
enum DuplicateKeys {
  /// The first such key; nil if no object has one.
  ///
  /// - Parameter data: Well-formed JSON in UTF-8; for other data the result is undefined.
  static func first(in data: Data) -> String? {
    data.withUnsafeBytes { bytes in
      var scan = Scan(bytes: bytes)
      return scan.first()
    }
  }

  private struct Scan {
    let bytes: UnsafeRawBufferPointer
    private var place = 0
    /// The keys so far of every open object; nil for an open array.
    private var open: [Set<[UInt8]>?] = []
    /// Whether the next string is a key of the innermost object.
    private var awaitsKey = false

    init(bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    mutating func first() -> String? {
      while place < bytes.count {
        let byte = bytes[place]
        place += 1
        switch byte {
        case UInt8(ascii: "{"): begin([])
        case UInt8(ascii: "["): begin(nil)
        case UInt8(ascii: "}"), UInt8(ascii: "]"):
          open.removeLast(open.isEmpty ? 0 : 1)
          awaitsKey = false
        case UInt8(ascii: ","): awaitsKey = open.last.map { $0 != nil } ?? false
        case UInt8(ascii: "\""):
          let text = text()
          guard awaitsKey else { continue }
          awaitsKey = false
          if open[open.count - 1]?.insert(text).inserted == false {
            return String(decoding: text, as: UTF8.self)
          }
        default: continue
        }
      }
      return nil
    }

    private mutating func begin(_ keys: Set<[UInt8]>?) {
      open.append(keys)
      awaitsKey = keys != nil
    }

    /// Reads the string that begins here and its closing quote; decodes escapes.
    private mutating func text() -> [UInt8] {
      let start = place
      var hasEscape = false
      while place < bytes.count, bytes[place] != UInt8(ascii: "\"") {
        if bytes[place] == UInt8(ascii: "\\") {
          hasEscape = true
          place += 1
        }
        place += 1
      }
      let end = min(place, bytes.count)
      place += 1
      let text = Array(bytes[start..<end])
      guard hasEscape else { return text }
      let quoted = Data([UInt8(ascii: "\"")] + text + [UInt8(ascii: "\"")])
      return (try? JSONDecoder().decode(String.self, from: quoted)).map { Array($0.utf8) } ?? text
    }
  }
}
