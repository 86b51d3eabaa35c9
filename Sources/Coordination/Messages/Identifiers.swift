/// The identity of a worker process; it is kept across reconnections.
package struct WorkerID: Hashable, Sendable, Comparable, Codable, CustomStringConvertible {
  /// The worker's own name for itself, unique among all workers.
  package let rawValue: String

  /// Wraps a name.
  package init(_ rawValue: String) { self.rawValue = rawValue }

  package init(from decoder: any Decoder) throws {
    rawValue = try decoder.singleValueContainer().decode(String.self)
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(rawValue)
  }

  package var description: String { rawValue }

  package static func < (left: WorkerID, right: WorkerID) -> Bool { left.rawValue < right.rawValue }
}

/// One connection of a worker, used as an address; a worker that reconnects has a new one.
package struct ConnectionID: Hashable, Sendable {
  /// The routing id that the ROUTER socket gave the connection.
  package let bytes: [UInt8]

  /// Wraps a routing id.
  package init(_ bytes: [UInt8]) { self.bytes = bytes }
}

/// A moment on the coordinator's monotonic clock.
package struct Instant: Hashable, Sendable, Comparable {
  /// Time since the coordinator started.
  package var sinceStart: Duration

  /// The moment `sinceStart` after the start.
  package init(sinceStart: Duration) { self.sinceStart = sinceStart }

  package static func < (left: Instant, right: Instant) -> Bool {
    left.sinceStart < right.sinceStart
  }

  package static func + (instant: Instant, duration: Duration) -> Instant {
    Instant(sinceStart: instant.sinceStart + duration)
  }

  package static func - (later: Instant, earlier: Instant) -> Duration {
    later.sinceStart - earlier.sinceStart
  }
}
