/// A coding key for keys that are data.
struct TextKey: CodingKey {
  let stringValue: String
  var intValue: Int? { nil }

  init(stringValue: String) { self.stringValue = stringValue }
  init?(intValue: Int) { return nil }
}

extension KeyedDecodingContainer where Key == TextKey {
  /// Refuses unknown keys, so that a misspelt setting is not silently ignored.
  func refuseKeys(outside known: Set<String>) throws {
    for key in allKeys.sorted(by: { $0.stringValue < $1.stringValue })
    where !known.contains(key.stringValue) {
      throw DecodingError.dataCorrupted(
        .init(
          codingPath: codingPath + [key],
          debugDescription:
            "unknown key \"\(key.stringValue)\"; known keys: "
            + known.sorted().joined(separator: ", ")))
    }
  }
}

extension TrainerSettings: Codable {
  /// Decodes the given settings; the others get their defaults.
  ///
  /// An unknown key or a value out of range is an error.
  package init(from decoder: any Decoder) throws {
    self.init()
    let container = try decoder.container(keyedBy: TextKey.self)
    try container.refuseKeys(outside: Set(TrainerSetting.all.map(\.key)))
    for setting in TrainerSetting.all {
      let key = TextKey(stringValue: setting.key)
      guard container.contains(key) else { continue }
      let text =
        switch setting.kind {
        case .integer: String(try container.decode(Int.self, forKey: key))
        case .real: try container.decode(Double.self, forKey: key).description
        case .choice: try container.decode(String.self, forKey: key)
        }
      guard setting.set(text, in: &self) else {
        throw DecodingError.dataCorruptedError(
          forKey: key, in: container,
          debugDescription: "\(setting.key) must be \(setting.expectation), found \(text)")
      }
    }
  }

  /// Encodes every setting, so that identities do not depend on which defaults were typed.
  ///
  /// Settings added later (``TrainerSetting/isNamedOnlyWhenChanged``) are left out at their
  /// default.
  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: TextKey.self)
    let defaults = TrainerSettings()
    for setting in TrainerSetting.all {
      if setting.isNamedOnlyWhenChanged, setting.text(in: self) == setting.text(in: defaults) {
        continue
      }
      let key = TextKey(stringValue: setting.key)
      switch setting.kind {
      case .integer(let path, _): try container.encode(self[keyPath: path], forKey: key)
      case .real(let path, _): try container.encode(self[keyPath: path], forKey: key)
      case .choice(_, let read, _): try container.encode(read(self), forKey: key)
      }
    }
  }
}
