import Coordination
import Foundation
import Trials

/// A journal record for other programs: one JSON object per line.
///
/// `{"version":1,"sequence":17,"time":"2026-01-31T12:00:00.123Z","event":"result-recorded", …}`;
/// `trial`, `attempt`, `worker`, `detail` and `result` where the event has them. `event` is the
/// record's kind as listed in `RECORD.md`, `detail` its other fields.
package struct RecordEvent: Hashable, Sendable {
  /// The version of these lines; increased when a key changes its meaning.
  package static let version = 1

  /// The record's number in the journal.
  package let sequence: Int
  /// When it was stored.
  package let time: Date
  /// The record's kind: `trial-leased`.
  package let event: String
  /// The trial that it is about, if any.
  package let trial: TrialID?
  /// The attempt that it is about, if any.
  package let attempt: Int?
  /// The worker that it is about, if any.
  package let worker: String?
  /// The last report of its result, if it has one.
  package let report: MilestoneReport?
  /// Further fields, as canonical JSON.
  private let detail: String?

  /// The event of a record.
  package init(_ stamped: StampedRecord) {
    let columns = JournalRows.columns(of: stamped.record)
    sequence = stamped.sequence
    time = stamped.time
    event = columns.kind.rawValue
    trial = columns.trial
    attempt = columns.attempt
    worker = columns.worker?.rawValue
    detail = columns.detail
    report = stamped.record.result?.result.milestones.last
  }

  /// The line, without its end.
  package var line: String {
    var parts = [
      "\"version\":\(Self.version)", "\"sequence\":\(sequence)",
      "\"time\":\"\(Self.text(of: time))\"", "\"event\":\"\(event)\"",
    ]
    if let trial { parts.append("\"trial\":\"\(trial)\"") }
    if let attempt { parts.append("\"attempt\":\(attempt)") }
    if let worker { parts.append("\"worker\":\(CanonicalJSON.text(worker))") }
    if let detail { parts.append("\"detail\":\(detail)") }
    if let report { parts.append("\"result\":\(CanonicalJSON.text(report))") }
    return "{\(parts.joined(separator: ","))}"
  }

  private static func text(of time: Date) -> String {
    time.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
  }
}

extension RecordEvent {
  /// The first line of an event file, which identifies the record.
  package struct Head: Codable, Hashable, Sendable {
    package var version: Int
    /// Always 0.
    package var sequence: Int
    package var event: String
    /// The identity of the record.
    package var record: String
    package var sweep: String

    /// Reads a line; nil for anything else.
    package init?(line: some Sequence<UInt8>) {
      guard let head = try? JSONDecoder().decode(Self.self, from: Data(line)),
        head.event == Self.event
      else { return nil }
      self = head
    }

    fileprivate init(record: String, sweep: String) {
      (version, sequence, event) = (RecordEvent.version, 0, Self.event)
      self.record = record
      self.sweep = sweep
    }

    fileprivate static let event = "record-opened"

    /// The line, without its end.
    package var line: String { CanonicalJSON.text(self) }
  }

  /// The head of a record's events.
  package static func head(record: String, sweep: String) -> Head {
    Head(record: record, sweep: sweep)
  }

  /// The number of the record that a line is of; nil for anything else.
  package static func sequence(ofLine line: some Sequence<UInt8>) -> Int? {
    (try? JSONDecoder().decode(Numbered.self, from: Data(line)))?.sequence
  }

  private struct Numbered: Decodable { var sequence: Int }
}
