/// A message and the connection it came on.
package struct RoutedMessage: Hashable, Sendable {
  /// The name of the connection, for answers.
  package var routingID: [UInt8]
  /// The frames after the routing id; a peer may send none.
  package var frames: [[UInt8]]
  /// The numeric address of the peer's host, for display; nil if the transport has none.
  package var peerAddress: String?
  /// The peer's user id from the ``AdmissionDesk``; nil on a socket that admits everybody.
  package var userID: String?
}
