/// The outcome of sending a message.
package enum SendOutcome: Hashable, Sendable {
  /// It is queued. It may still be lost with the connection.
  case sent
  /// The connection is gone (`EHOSTUNREACH`).
  case unreachable
  /// The peer's queue is full, or a dealer has no connection at the moment (`EAGAIN`).
  case full
}
