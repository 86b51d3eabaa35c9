/// A cache of decoded column texts; each distinct text is decoded once, and its rows share the
/// value's memory.
struct KnownTexts<Value> {
  private var known: [(text: [UInt8], value: Value)] = []
  /// Most distinct texts in the cache.
  private static var memoryCount: Int { 32 }

  /// The decoded value of a text.
  ///
  /// - Parameter decode: Decodes a text that is not in the cache.
  mutating func value(
    of text: UnsafeBufferPointer<UInt8>, decode: (String) throws -> Value
  ) rethrows -> Value {
    for (knownText, value) in known
    where knownText.count == text.count && knownText.elementsEqual(text) {
      return value
    }
    let value = try decode(String(decoding: text, as: UTF8.self))
    if known.count < Self.memoryCount { known.append((Array(text), value)) }
    return value
  }
}
