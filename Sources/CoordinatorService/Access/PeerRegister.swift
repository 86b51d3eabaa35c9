import Coordination

/// Which connections came under which key, and from which host.
///
/// One key may be used by several worker processes of one host, never by two hosts: then it was
/// copied, and neither can be told from the other.
struct PeerRegister {
  /// How long a key stays with its host after the host's last word.
  static let hostTenure = Duration.seconds(60)
  /// How many connections of a key are remembered; the latest count.
  static let connectionCountMaximum = 256

  private var peers: [String: Peer] = [:]

  private struct Peer {
    var name: String
    var host: String?
    var lastHeard: Duration
    var connections: [ConnectionID] = []
  }

  /// Takes in that a connection of a key was heard.
  mutating func heard(_ key: String, name: String, on connection: ConnectionID, at now: Duration) {
    var peer = peers[key] ?? Peer(name: name, lastHeard: now)
    peer.name = name
    peer.lastHeard = now
    if peer.connections.last != connection, !peer.connections.contains(connection) {
      if peer.connections.count == Self.connectionCountMaximum { peer.connections.removeFirst() }
      peer.connections.append(connection)
    }
    peers[key] = peer
  }

  /// Takes in the host that a key's holder says it is on.
  ///
  /// - Returns: The other host that has the key at the moment, if there is one; the announcement
  ///   is then to be refused.
  mutating func claim(_ key: String, host: String, at now: Duration) -> String? {
    if let peer = peers[key], let owner = peer.host, owner != host,
      now - peer.lastHeard < Self.hostTenure
    {
      return owner
    }
    peers[key]?.host = host
    return nil
  }

  /// Forgets the keys that may do nothing any more, and names their connections.
  mutating func dismissed(
    isWelcome: (_ key: String) -> Bool
  ) -> [(connection: ConnectionID, name: String)] {
    var dismissed: [(ConnectionID, String)] = []
    for (key, peer) in peers where !isWelcome(key) {
      dismissed += peer.connections.map { ($0, peer.name) }
      peers[key] = nil
    }
    return dismissed
  }
}
