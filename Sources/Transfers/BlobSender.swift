/// Who stores a blob, as far as known from the connection.
package struct BlobSender: Hashable, Sendable {
  /// The key's name or, without keys, the host; also shown to people.
  package let account: String
  /// The data connection if there are no keys; nil with a key.
  let connection: [UInt8]?

  /// The sender of a message.
  ///
  /// - Parameters:
  ///   - userID: The user id of its key; nil for none.
  ///   - peerAddress: Its source address.
  ///   - connection: The routing id of its connection.
  package init(userID: String?, peerAddress: String?, connection: [UInt8]) {
    account =
      userID.map { "the key \($0)" } ?? peerAddress.map { "the host \($0)" } ?? "an unknown host"
    self.connection = userID == nil ? connection : nil
  }
}
