import Foundation
import Messaging

/// The coordinator that runs a sweep, as other commands of its host find it.
enum RunningSweep {
  /// Where workers connect to the coordinator that runs the sweep in a folder; nil when none does.
  ///
  /// - Throws: ``AdministrationError`` when it does not answer sensibly, `FileError` when its socket
  ///   may not be used.
  static func endpoint(in folder: URL) throws -> Endpoint? {
    guard let reply = try AdministrationClient.ask(AdministrationRequest(.status), in: folder)
    else { return nil }
    if let error = reply.error { throw AdministrationError(error) }
    return try reply.status?.endpoint.map { try Endpoint($0) }
  }
}
