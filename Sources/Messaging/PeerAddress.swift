/// The numeric address of a peer's host.
enum PeerAddress {
  /// An IPv4 address as people write it, not as an IPv6 socket does.
  static func text(_ text: String) -> String {
    text.hasPrefix("::ffff:") && text.contains(".") ? String(text.dropFirst(7)) : text
  }
}
