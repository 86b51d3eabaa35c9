import Enrolment
import Foundation
import Messaging
import Trials

/// `coordinator key`, `admit`, `workers` and `revoke`.
package enum AccessCommands {
  /// The coordinator's public key; creates the key pair if it is missing.
  package static func key(in folder: URL?) throws -> String {
    "\(try KeyFolder(folder).keysMadeIfMissing(of: .coordinator).publicKey)\n"
  }

  /// Admits a worker's public key under a name; a revoked key needs `evenIfRevoked`.
  package static func admit(
    _ key: String, as name: String, isShared: Bool, evenIfRevoked: Bool, in folder: URL?
  ) throws -> String {
    guard let key = CurvePublicKey(key) else {
      throw AccessError(
        "key: found \(String(reflecting: String(key.prefix(80)))), expected 64 hexadecimal digits",
        remedy: "copy what `worker key` prints on the worker's host")
    }
    let folder = KeyFolder(folder)
    guard try folder.keys(of: .coordinator)?.publicKey != key else {
      throw AccessError(
        "key \(key.short)… is the coordinator's own",
        remedy: "copy what `worker key` prints on the worker's host")
    }
    try folder.changeAllowList { (list) throws(AccessError) in
      try list.admit(key, as: name, isShared: isShared, evenIfRevoked: evenIfRevoked, at: Date())
    }
    return "admitted \(name), key \(key.short)…\n"
  }

  /// Revokes a key, given by name or text.
  package static func revoke(_ nameOrKey: String, in folder: URL?) throws -> String {
    let entry = try KeyFolder(folder).changeAllowList { (list) throws(AccessError) in
      list.revoke(nameOrKey, at: Date())
    }
    guard let entry else {
      throw AccessError(
        "found no admitted worker \(String(reflecting: String(nameOrKey.prefix(80))))",
        remedy: "`coordinator workers` lists them")
    }
    return """
      revoked \(entry.name), key \(entry.key.short)…; a running coordinator dismisses its workers \
      within a second\n
      """
  }

  /// The answer of `coordinator workers --json`.
  private struct WorkerList: Encodable {
    let workers: AllowList
  }

  /// The allow-list, one line per key.
  package static func list(in folder: URL?, asJSON: Bool) throws -> String {
    let list = try KeyFolder(folder).allowList()
    if asJSON { return AnswerJSON.text(WorkerList(workers: list)) }
    guard !list.entries.isEmpty else {
      return "no worker is admitted; `coordinator enroll` prints the command for a worker's host\n"
    }
    let width = list.entries.map(\.name.count).max() ?? 0
    return list.entries.map { entry in
      let name = entry.name.padding(toLength: width, withPad: " ", startingAt: 0)
      let state =
        entry.revoked.map { "REVOKED \($0.formatted(.iso8601))" }
        ?? "admitted \(entry.admitted.formatted(.iso8601))\(entry.isShared ? ", shared" : "")"
      return "\(name)  \(entry.key)  \(state)\n"
    }.joined()
  }
}
