import Coordination
import Files
import Foundation
import Messaging

/// Tells people how to start workers while a sweep has none: after a few seconds, then rarely.
struct WorkerHint {
  /// How long an already running worker may take to connect.
  private static let patience = Duration.seconds(5)
  /// Interval between repetitions.
  private static let repetition = Duration.seconds(600)

  private let text: String
  private var next = Instant(sinceStart: patience)

  /// A hint for one run.
  ///
  /// - Parameters:
  ///   - endpoint: Where the coordinator listens.
  ///   - isEncrypted: Whether only admitted keys may connect.
  ///   - folder: The sweep's folder.
  ///   - keys: The key folder; nil for the standard one.
  ///   - host: This host's name, used if the address means all addresses of this machine.
  init(
    endpoint: Endpoint, isEncrypted: Bool, folder: URL, keys: URL? = nil,
    host: String = ProcessInfo.processInfo.hostName
  ) {
    let command = Self.command(endpoint: endpoint, isEncrypted: isEncrypted, host: host)
    let keys = keys.map { " --keys \($0.shellWord)" } ?? ""
    text =
      "no worker is connected: start `\(command)` on the hosts that are to train"
      + (endpoint.isLocal ? ", which are this one only" : "")
      + (isEncrypted
        ? "; `coordinator enroll --out \(folder.shellWord)\(keys)` prints what a host needs that was "
          + "never admitted"
        : "")
  }

  /// The command that starts a worker of a coordinator, as a shell reads it.
  ///
  /// Without options a worker encrypts the connection unless it is to a loopback address, so that
  /// `--plain` or `--curve` is added where the coordinator expects the other.
  ///
  /// - Parameters:
  ///   - endpoint: Where the coordinator listens.
  ///   - isEncrypted: Whether only admitted keys may connect.
  ///   - host: This host's name, used if the address means all addresses of this machine.
  static func command(
    endpoint: Endpoint, isEncrypted: Bool, host: String = ProcessInfo.processInfo.hostName
  ) -> String {
    var place = endpoint
    if case .tcp(let own, let port) = endpoint, ["0.0.0.0", "*", "[::]"].contains(own) {
      place = .tcp(host: host, port: port)
    }
    let option = isEncrypted == place.isLocal ? (isEncrypted ? " --curve" : " --plain") : ""
    return "worker --connect \(ShellWord.quoted("\(place)"))\(option)"
  }

  /// The hint, if it is due.
  ///
  /// - Parameter hasWorkers: Called only if the hint may be due.
  mutating func due(hasWorkers: () -> Bool, at now: Instant) -> String? {
    guard now >= next else { return nil }
    let hasWorkers = hasWorkers()
    next = now + (hasWorkers ? Self.patience : Self.repetition)
    return hasWorkers ? nil : text
  }
}
