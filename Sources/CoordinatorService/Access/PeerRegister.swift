import Coordination

/// The connections and the host of each key.
///
/// Several worker processes of one host may use a key, but not two hosts: a copied key would make
/// them indistinguishable.
struct PeerRegister {
  /// How long a key belongs to its host after the host's last message.
  static let hostTenure = Duration.seconds(60)
  /// Most connections kept per key; older ones are dropped.
  static let connectionCountMaximum = 256

  private var peers: [String: Peer] = [:]

  private struct Peer {
    var name: String
    var host: String?
    var lastHeard: Duration
    var connections: [ConnectionID] = []
  }

  /// Notes a message on a connection of a key.
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

  /// Notes the host that a key's holder announced.
  ///
  /// - Returns: The other host that has the key at the moment, if any. The announcement must then
  ///   be refused.
  mutating func claim(_ key: String, host: String, at now: Duration) -> String? {
    if let peer = peers[key], let owner = peer.host, owner != host,
      now - peer.lastHeard < Self.hostTenure
    {
      return owner
    }
    peers[key]?.host = host
    return nil
  }

  /// Forgets the keys that are no longer allowed, and returns their connections.
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
