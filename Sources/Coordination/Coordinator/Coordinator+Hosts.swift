/// Which host is meant, and what it is called: ``HostIdentity`` in what is recorded, the name alone
/// for people as long as only one host has it.
extension Coordinator {
  /// What people call a host.
  func shownName(of host: String) -> String {
    let name = HostIdentity.name(in: host)
    return hosts(named: name).subtracting([host]).isEmpty ? name : host
  }

  /// The host that people call so; of a name that none or several have, the name itself, which
  /// stands for all hosts that have it.
  func identity(of shown: String) -> String {
    let named = hosts(named: HostIdentity.name(in: shown))
    guard !named.contains(shown), named.count == 1, let host = named.first else { return shown }
    return HostIdentity.name(in: shown) == shown ? host : shown
  }

  /// Why a worker gets nothing to do; nil when it may work.
  func drainReason(of worker: Int) -> String? {
    drainReason(of: roster[worker].id, onHost: roster[worker].host)
  }

  /// Why a worker on a host gets nothing to do; nil when it may work.
  func drainReason(of worker: WorkerID, onHost host: String) -> String? {
    let drained = ledger.drainedHosts
    return drained[host] ?? drained[HostIdentity.name(in: host)]
      ?? drained[worker.member(onHost: host)] ?? drained[worker.place(onHost: host)]
      ?? worker.keyMember.flatMap { drained[$0] }
  }

  /// The workers that are meant by the name of a host, of a place (`host@key`), of a key (`@key`) or
  /// of a worker (`worker NAME`).
  func workers(of name: String) -> [Int] {
    // A host may be called like another's place or member.
    let onHost = Set(roster.numbers(onHost: name))
    return roster.numbers.filter { number in
      let worker = roster[number]
      return onHost.contains(number) || worker.member == name || worker.place == name
        || worker.id.keyMember == name
    }
  }

  /// Why hosts get nothing to do, by what people call them.
  package var drainedHosts: [String: String] {
    Dictionary(
      ledger.drainedHosts.map { (shownName(of: $0.key), $0.value) },
      uniquingKeysWith: { first, _ in first })
  }

  /// The known hosts of a name: those of workers and those that are drained.
  private func hosts(named name: String) -> Set<String> {
    roster.hosts(named: name).union(
      ledger.drainedHosts.keys.filter { HostIdentity.name(in: $0) == name })
  }
}
