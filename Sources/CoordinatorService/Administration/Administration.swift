import Digests
import Files
import Foundation
import Store
import Transfers
import Trials

/// The commands that inspect and change a sweep, running or not.
package enum Administration {
  /// Carries out a request: through the coordinator that runs the sweep, otherwise on its record.
  ///
  /// - Parameter folder: The sweep's folder.
  /// - Throws: `StoreError` when there is no sweep or its record is damaged,
  ///   ``AdministrationError`` if the request cannot be carried out.
  package static func perform(
    _ request: AdministrationRequest, in folder: URL
  ) throws -> AdministrationReply {
    let isDiscarding = request.command == .discard && request.preview != true
    let before = isDiscarding ? try SweepReader.open(directory: folder).results() : nil
    var reply: AdministrationReply
    if let answer = try AdministrationClient.ask(request, in: folder) {
      reply = answer
    } else {
      reply = try IdleSweep(folder).perform(request)
    }
    if let error = reply.error { throw AdministrationError(error) }
    if let before { try removeDamagedFiles(before, in: folder) }
    if var trial = reply.trial {
      let reader = try SweepReader.open(directory: folder)
      trial.add(try reader.attempts(of: trial.trial))
      trial.result = try reader.result(of: trial.trial).map(TrialReport.Result.init)
      if !trial.attempts.isEmpty {
        trial.logs = "coordinator logs \(folder.shellWord) \(trial.trial)"
      }
      reply.trial = trial
    }
    if reply.status != nil {
      // If the disk is full, the record cannot be opened; the coordinator's reply says so.
      reply.status?.origins = try? SweepReader.open(directory: folder).origins()
        .map(SweepStatus.Origin.init)
    }
    return reply
  }

  /// Removes the damaged blobs of results that were just discarded.
  ///
  /// The repeated trials produce the same digests, and a blob that exists is not uploaded again.
  /// Sound blobs stay.
  private static func removeDamagedFiles(_ before: SweepResults, in folder: URL) throws {
    let after = try SweepReader.open(directory: folder).results()
    let open = Set(after.trials.filter { $0.result == nil }.map(\.planned.id))
    let blobs = folder.appending(path: "blobs")
    for trial in before.trials where open.contains(trial.planned.id) {
      for artifact in trial.result?.artifacts ?? [] {
        do throws(TransferError) {
          try BlobStore.verify(artifact.digest, in: blobs)
        } catch {
          guard case .digestMismatch = error else { continue }
          try? FileManager.default.removeItem(at: BlobStore.url(for: artifact.digest, in: blobs))
        }
      }
    }
  }
}
