/// Which connection speaks under a worker's name.
///
/// With encrypted connections a key says who speaks. On unencrypted ones the name is all that there
/// is. It belongs to the connection that announced it, and to the host of that announcement.
extension Coordinator {
  /// Whether a worker may announce itself on a connection.
  ///
  /// A name stays with its connection until that one is gone or the worker has been silent for
  /// ``CoordinationSettings/suspectAfter``. So a worker whose connection broke gets its name back,
  /// at the latest after that time, and nobody takes the name of one that is at work. People are told
  /// when the other connection announces it a second time: by then a worker that has only
  /// reconnected mostly has its name. The first host to announce a name keeps it, also after a
  /// restart.
  mutating func mayUseName(
    _ announcement: WorkerAnnouncement, on connection: ConnectionID, at now: Instant
  ) -> Bool {
    let worker = announcement.worker
    guard worker.key == nil else { return true }
    let known = roster.number(of: worker)
    if let owner = host(of: worker, known), !Self.isSame(owner, announcement.host) {
      let reason = "the name \(worker) belongs to a worker on host \(shownName(of: owner))"
      effects.append(
        .send(
          .refuse(reason: reason, remedy: "give every worker a name of its own"), to: connection))
      effects.append(.notify(.nameRefused(worker, host: announcement.host, reason: reason)))
      return false
    }
    guard let known, case .connected(let bound, _) = roster[known].link, bound != connection,
      now - roster[known].lastHeard < settings.suspectAfter
    else { return true }
    // The next tick shows whether that connection still exists.
    roster[known].link = .connected(bound, probeAt: now)
    let rival = roster[known].rival
    let isRepeated = rival?.connection == connection
    roster[known].rival = (connection: connection, isReported: isRepeated)
    roster.refresh(known)
    if isRepeated, rival?.isReported == false {
      let reason = "a worker of this name is at work on another connection"
      effects.append(.notify(.nameRefused(worker, host: announcement.host, reason: reason)))
    }
    return false
  }

  /// The host that first announced a worker's name; nil if none did or had a lease under it.
  private func host(of worker: WorkerID, _ known: Int?) -> String? {
    // A worker that resume(at:) found in the journal has not announced itself yet.
    if let known, roster[known].slots > 0 { return roster[known].host }
    return ledger.hosts[worker]
  }

  /// Whether two identities may be of one host: they are equal, or one has no id.
  private static func isSame(_ owner: String, _ host: String) -> Bool {
    owner == host || owner == HostIdentity.name(in: host)
  }
}
