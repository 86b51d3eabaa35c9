import Enrolment
import Foundation
import Messaging

/// How a worker connects: encrypted over a network, unencrypted on its own machine, or as chosen.
package enum WorkerAccess: Sendable {
  /// With the keys that a coordinator on this machine writes to standard input.
  case keysFromInput
  /// As chosen for the endpoint, with the keys of a folder.
  case chosen(keys: URL?, isPlain: Bool, isEncrypted: Bool)

  /// As chosen on the command line.
  ///
  /// - Parameters:
  ///   - keys: The key folder; nil for the standard one.
  ///   - isPlain: Whether the connection is unencrypted even over a network.
  ///   - isEncrypted: Whether it is encrypted even on this machine.
  package init(keys: URL?, isPlain: Bool, isEncrypted: Bool) {
    self = .chosen(keys: keys, isPlain: isPlain, isEncrypted: isEncrypted)
  }

  /// The security of connections to a coordinator.
  ///
  /// - Throws: `AccessError` if this host has no keys, or other users can read them.
  func security(for endpoint: Endpoint) throws(AccessError) -> SocketSecurity {
    switch self {
    case .keysFromInput: return try WorkerCredentials(line: Self.inputLine()).security
    case .chosen(_, let isPlain, let isEncrypted) where isPlain || endpoint.isLocal && !isEncrypted:
      return .plain
    case .chosen(let keys, _, _):
      guard SocketSecurity.hasCurve else { throw .noCurve }
      return try WorkerCredentials(KeyFolder(keys)).security
    }
  }

  /// The first line of standard input, and nothing after it.
  private static func inputLine() -> String {
    var line: [UInt8] = []
    var byte: UInt8 = 0
    while line.count < 1024, read(STDIN_FILENO, &byte, 1) == 1, byte != UInt8(ascii: "\n") {
      line.append(byte)
    }
    return String(decoding: line, as: UTF8.self)
  }
}
