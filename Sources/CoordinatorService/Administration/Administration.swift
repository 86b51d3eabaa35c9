import Foundation
import Store

/// The commands that look at a sweep and steer it, running or not.
package enum Administration {
  /// Meets a request: by the coordinator that runs the sweep, else on its record.
  ///
  /// - Parameter folder: The sweep's folder.
  /// - Throws: `StoreError` when there is no sweep or its record is damaged,
  ///   ``AdministrationError`` when the request cannot be met.
  package static func perform(
    _ request: AdministrationRequest, in folder: URL
  ) throws -> AdministrationReply {
    var reply: AdministrationReply
    if let answer = try AdministrationClient.ask(request, in: folder) {
      reply = answer
    } else {
      reply = try StoppedSweep(folder).perform(request)
    }
    if let error = reply.error { throw AdministrationError(error) }
    if var trial = reply.trial {
      trial.add(try SweepReader.open(directory: folder).attempts(of: trial.trial))
      if !trial.attempts.isEmpty {
        trial.logs = "coordinator logs \(folder.relativePath) \(trial.trial)"
      }
      reply.trial = trial
    }
    if reply.status != nil {
      // On a full disk the record cannot be opened beside its coordinator, which says so itself.
      reply.status?.origins = try? SweepReader.open(directory: folder).origins()
        .map(SweepStatus.Origin.init)
    }
    return reply
  }
}
