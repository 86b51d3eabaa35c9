import Coordination
import Trials

/// An entry of the result log.
///
/// Times are milliseconds since 1970, as in the journal. ``ResultLog`` describes the format.
enum ResultLogEntry: Hashable, Sendable {
  /// The sweep's plan from here on. The log does not interpret the bytes.
  case plan([UInt8])
  /// A worker's result of a trial. The log does not interpret the content.
  case result(
    trial: TrialID, attempt: Int, worker: WorkerID, milliseconds: Int64, content: [UInt8])
  /// The trial's result so far is discarded.
  case discard(trial: TrialID, milliseconds: Int64, reason: String)
  /// A result that was reused from another sweep's record, and its origin.
  case reuse(trial: TrialID, milliseconds: Int64, origin: String, content: [UInt8])
  /// So many bytes of padding, which keep the entries around them on different disk pages.
  case padding(Int)

  /// The kind of an entry, as one byte; no kind is 0, so that zeroed space is not an entry.
  enum Kind: UInt8 {
    case plan = 1
    case result = 2
    case discard = 3
    case reuse = 4
    case padding = 5
  }

  /// The kind of the entry.
  var kind: Kind {
    switch self {
    case .plan: .plan
    case .result: .result
    case .discard: .discard
    case .reuse: .reuse
    case .padding: .padding
    }
  }

  /// The entry without its kind, as bytes.
  ///
  /// - Throws: ``StoreError/refused(reason:)`` when an attempt's number or a name is too long.
  func payload() throws(StoreError) -> [UInt8] {
    var bytes: [UInt8] = []
    switch self {
    case .plan(let content): return content
    case .result(let trial, let attempt, let worker, let milliseconds, let content):
      guard let attempt = UInt32(exactly: attempt) else {
        throw .refused(
          reason: "found attempt \(attempt) at trial \(trial), expected 0 to \(UInt32.max)")
      }
      bytes.reserveCapacity(32 + worker.rawValue.utf8.count + content.count)
      bytes.append(littleEndian: trial.rawValue)
      bytes.append(littleEndian: attempt)
      bytes.append(littleEndian: milliseconds)
      try bytes.append(name: worker.rawValue)
      bytes.append(contentsOf: content)
    case .discard(let trial, let milliseconds, let reason):
      bytes.append(littleEndian: trial.rawValue)
      bytes.append(littleEndian: milliseconds)
      bytes.append(contentsOf: reason.utf8)
    case .reuse(let trial, let milliseconds, let origin, let content):
      bytes.append(littleEndian: trial.rawValue)
      bytes.append(littleEndian: milliseconds)
      try bytes.append(name: origin)
      bytes.append(contentsOf: content)
    case .padding(let count): return [UInt8](repeating: 0, count: count)
    }
    return bytes
  }

  /// Reads an entry; nil if the payload does not fit the kind.
  init?(_ kind: Kind, payload: ArraySlice<UInt8>) {
    var cursor = LittleEndianCursor(payload)
    switch kind {
    case .plan: self = .plan(Array(payload))
    case .result:
      guard let trial = cursor.trial(), let attempt = cursor.number(UInt32.self),
        let milliseconds = cursor.number(Int64.self), let worker = cursor.name()
      else { return nil }
      self = .result(
        trial: trial, attempt: Int(attempt), worker: WorkerID(worker), milliseconds: milliseconds,
        content: Array(cursor.rest))
    case .discard:
      guard let trial = cursor.trial(), let milliseconds = cursor.number(Int64.self),
        let reason = cursor.text(cursor.rest.count)
      else { return nil }
      self = .discard(trial: trial, milliseconds: milliseconds, reason: reason)
    case .reuse:
      guard let trial = cursor.trial(), let milliseconds = cursor.number(Int64.self),
        let origin = cursor.name()
      else { return nil }
      self = .reuse(
        trial: trial, milliseconds: milliseconds, origin: origin, content: Array(cursor.rest))
    case .padding: self = .padding(payload.count)
    }
  }
}

extension [UInt8] {
  /// Appends a text, preceded by the count of its bytes.
  fileprivate mutating func append(name: String) throws(StoreError) {
    guard let byteCount = UInt16(exactly: name.utf8.count) else {
      throw .refused(
        reason: "found a name of \(name.utf8.count) bytes, \"\(name.prefix(40))…\", expected at "
          + "most \(UInt16.max)")
    }
    append(littleEndian: byteCount)
    append(contentsOf: name.utf8)
  }
}

extension LittleEndianCursor {
  /// The next trial's name.
  mutating func trial() -> TrialID? { number(UInt64.self).map(TrialID.init(rawValue:)) }

  /// The next text, preceded by the count of its bytes.
  fileprivate mutating func name() -> String? {
    number(UInt16.self).flatMap { text(Int($0)) }
  }
}
