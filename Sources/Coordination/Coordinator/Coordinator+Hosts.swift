/// Maps between recorded host identities (``HostIdentity``) and displayed names. People see the
/// name alone if only one host has it.
extension Coordinator {
  /// The displayed name of a host.
  func shownName(of host: String) -> String {
    let name = HostIdentity.name(in: host)
    return hosts(named: name).subtracting([host]).isEmpty ? name : host
  }

  /// The host of a displayed name; if none or several hosts have it, returns the name, which stands
  /// for all of them.
  func identity(of shown: String) -> String {
    let named = hosts(named: HostIdentity.name(in: shown))
    guard !named.contains(shown), named.count == 1, let host = named.first else { return shown }
    return HostIdentity.name(in: shown) == shown ? host : shown
  }

  /// Why a worker is drained; nil if it is not.
  func drainReason(of worker: Int) -> String? {
    drainReason(of: roster[worker].id, onHost: roster[worker].host)
  }

  /// Why a worker on a host is drained; nil if it is not.
  func drainReason(of worker: WorkerID, onHost host: String) -> String? {
    let drained = ledger.drainedHosts
    return drained[host] ?? drained[HostIdentity.name(in: host)]
      ?? drained[worker.member(onHost: host)] ?? drained[worker.place(onHost: host)]
      ?? worker.keyMember.flatMap { drained[$0] }
  }

  /// The workers of a host, a place (`host@key`), a key (`@key`) or a member (`worker NAME`).
  func workers(of name: String) -> [Int] {
    // A host's name may equal another's place or member.
    let onHost = Set(roster.numbers(onHost: name))
    return roster.numbers.filter { number in
      let worker = roster[number]
      return onHost.contains(number) || worker.member == name || worker.place == name
        || worker.id.keyMember == name
    }
  }

  /// Why hosts are drained, by displayed name.
  package var drainedHosts: [String: String] {
    Dictionary(
      ledger.drainedHosts.map { (shownName(of: $0.key), $0.value) },
      uniquingKeysWith: { first, _ in first })
  }

  /// The known hosts of a name: hosts with workers, and drained hosts.
  private func hosts(named name: String) -> Set<String> {
    roster.hosts(named: name).union(
      ledger.drainedHosts.keys.filter { HostIdentity.name(in: $0) == name })
  }
}
