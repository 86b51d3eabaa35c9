/// Who stores a blob, as far as the connection tells.
package struct BlobSender: Hashable, Sendable {
  /// The key's holder or, where there are no keys, the host, for people too.
  package let account: String
  /// The data connection where there are no keys; nil where the key tells enough.
  let connection: [UInt8]?

  /// The sender of a message.
  ///
  /// - Parameters:
  ///   - userID: The key that it came under; nil for none.
  ///   - peerAddress: The address that it came from.
  ///   - connection: The routing id of the connection that it came on.
  package init(userID: String?, peerAddress: String?, connection: [UInt8]) {
    account =
      userID.map { "the key \($0)" } ?? peerAddress.map { "the host \($0)" } ?? "an unknown host"
    self.connection = userID == nil ? connection : nil
  }
}
