import Foundation
import Messaging

/// Finds the coordinator that runs a sweep on this host.
enum RunningSweep {
  /// The endpoint for workers of the coordinator that runs the sweep in a folder; nil if none does.
  ///
  /// - Throws: ``AdministrationError`` if the answer is invalid, `FileError` if its socket may not
  ///   be used.
  static func endpoint(in folder: URL) throws -> Endpoint? {
    guard let reply = try AdministrationClient.ask(AdministrationRequest(.status), in: folder)
    else { return nil }
    if let error = reply.error { throw AdministrationError(error) }
    return try reply.status?.endpoint.map { try Endpoint($0) }
  }
}
