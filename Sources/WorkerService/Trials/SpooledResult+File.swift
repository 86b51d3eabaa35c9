import Files
import Foundation
import Supervision
import Trials
import Wire

extension SpooledResult {
  /// Reads the result that a trial's process left in its folder.
  ///
  /// - Parameter log: The process's log, to add to the result.
  /// - Throws: `FileError`, or `WireError` if the file is not a result.
  init(in folder: URL, log: Artifact?) throws {
    let file = folder.appending(path: WorkerFolder.resultFileName)
    var bytes = [UInt8](try WholeFile.read(file, limit: WireLimits.resultByteCount))
    if let log { bytes = ReceivedResult.appending(log, to: bytes) }
    let result = try ReceivedResult(serialised: bytes).result
    self.init(bytes: bytes, artifacts: result.artifacts, seconds: result.provenance.seconds)
  }
}
