import Foundation
import Messaging

/// What a worker needs to connect: its own keys and the coordinator's public key.
package struct WorkerCredentials: Hashable, Sendable {
  /// The worker's keys.
  package var keys: CurveKeyPair
  /// The coordinator's public key.
  package var coordinator: CurvePublicKey

  /// Credentials of the given parts.
  package init(keys: CurveKeyPair, coordinator: CurvePublicKey) {
    self.keys = keys
    self.coordinator = coordinator
  }

  /// Reads the credentials of a key folder.
  ///
  /// - Throws: ``AccessError`` with the commands that create missing parts.
  package init(_ folder: KeyFolder) throws(AccessError) {
    guard let keys = try folder.keys(of: .worker), let trusted = try folder.trustedCoordinator()
    else {
      throw .notEnrolled(folder)
    }
    self.keys = keys
    coordinator = trusted
  }

  /// The security of the worker's sockets.
  package var security: SocketSecurity { .curveClient(keys, server: coordinator) }

  /// A line with the secret key, for a pipe to a child process.
  package var exposedLine: String { "\(keys.secretKey.exposed) \(coordinator)\n" }

  /// Reads ``exposedLine``.
  package init(line: String) throws(AccessError) {
    let parts = line.split(whereSeparator: \.isWhitespace)
    guard parts.count == 2, let secret = CurveSecretKey(String(parts[0])),
      let coordinator = CurvePublicKey(String(parts[1]))
    else {
      throw AccessError(
        "standard input: found no keys", remedy: "only a coordinator starts workers this way")
    }
    do {
      keys = try CurveKeyPair(secretKey: secret)
    } catch {
      throw .noCurve
    }
    self.coordinator = coordinator
  }
}

extension AccessError {
  /// The host lacks the worker's key or the coordinator's.
  package static func notEnrolled(_ folder: KeyFolder) -> AccessError {
    AccessError(
      "\(folder.url.path): this host is not enrolled with a coordinator",
      remedy: "run `coordinator enroll --address HOST:PORT` where the coordinator runs, and the "
        + "command it prints here")
  }
}
