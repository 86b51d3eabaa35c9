/// What the texts of a column mean, where rows repeat few of them: each is decoded once, and the
/// values share their memory.
struct KnownTexts<Value> {
  private var known: [(text: [UInt8], value: Value)] = []
  /// More distinct texts than this are not remembered.
  private static var memoryCount: Int { 32 }

  /// The meaning of a text.
  ///
  /// - Parameter decode: Finds it, for a text that is not remembered.
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
