/// Limits repeated log messages: the first of each kind is logged at once, repetitions are counted
/// and logged together later.
package struct RepeatedNotes: Sendable {
  /// How long further notes of a kind are only counted.
  package static let interval = Duration.seconds(60)
  /// Most kinds that are kept; of further kinds only the number is logged.
  package static let kindCountMaximum = 64

  private var kinds: [String: (until: Duration, text: String, repeats: Int)] = [:]
  private var others = 0
  private var othersUntil = Duration.zero

  package init() {}

  /// Adds a note; returns the text to log now, if any.
  ///
  /// - Parameters:
  ///   - kind: The kind; notes of one kind are combined.
  ///   - now: Time on any monotonic clock.
  package mutating func note(kind: String, _ text: String, at now: Duration) -> String? {
    if kinds[kind] != nil {
      kinds[kind]?.repeats += 1
      kinds[kind]?.text = text
      return nil
    }
    guard kinds.count < Self.kindCountMaximum else {
      if others == 0 { othersUntil = now + Self.interval }
      others += 1
      return nil
    }
    kinds[kind] = (now + Self.interval, text, 0)
    return text
  }

  /// The combined notes that are due; call it regularly.
  package mutating func due(at now: Duration) -> [String] {
    var texts: [String] = []
    for (kind, entry) in kinds where entry.until <= now {
      if entry.repeats > 0 {
        texts.append(
          "\(entry.text) (\(entry.repeats) more in \(Self.interval.components.seconds) s)")
        kinds[kind] = (now + Self.interval, entry.text, 0)
      } else {
        kinds[kind] = nil
      }
    }
    if others > 0, othersUntil <= now {
      texts.append("\(others) further refusals of other kinds")
      others = 0
    }
    return texts.sorted()
  }
}
