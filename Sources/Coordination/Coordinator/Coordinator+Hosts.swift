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

  /// Why a worker's host or member gets nothing to do; nil when it may work.
  func drainReason(of worker: Int) -> String? {
    drainReason(host: roster[worker].host, key: roster[worker].id.key)
  }

  /// Why a host or a member gets nothing to do; nil when it may work.
  func drainReason(host: String, key: String?) -> String? {
    let drained = ledger.drainedHosts
    return drained[host] ?? drained[HostIdentity.name(in: host)]
      ?? key.flatMap {
        drained[WorkerID.member(host: host, key: $0)] ?? drained[WorkerID.member(host: "", key: $0)]
      }
  }

  /// The workers that are meant by the name of a host, of a member (`host@key`) or of a key
  /// (`@key`).
  func workers(of name: String) -> [Int] {
    let onHost = roster.numbers(onHost: name)
    guard onHost.isEmpty, name.contains("@") else { return onHost }
    return roster.numbers.filter { number in
      let worker = roster[number]
      return worker.member == name || worker.id.key.map { name == "@\($0)" } == true
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
