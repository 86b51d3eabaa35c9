/// The numeric address of a peer's host.
enum PeerAddress {
  /// Converts an IPv4-mapped IPv6 address to IPv4 notation.
  static func text(_ text: String) -> String {
    text.hasPrefix("::ffff:") && text.contains(".") ? String(text.dropFirst(7)) : text
  }
}
