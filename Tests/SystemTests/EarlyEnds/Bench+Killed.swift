import Foundation
import Glibc
import Testing

extension Bench {
  /// Runs a sweep whose coordinator and only worker are killed on the way, and goes on with new ones
  /// to its end.
  ///
  /// - Parameters:
  ///   - out: Name of its folder.
  ///   - word: They are killed once `trials.csv` has it.
  func completeKilled(_ sweep: String, in out: String, after word: String) throws {
    let endpoint = try Self.freeEndpoint()
    let arguments = ["run", sweep, "--out", path(out), "--listen", endpoint]
    let first = try Command(Executables.coordinator, arguments, on: self)
    _ = try first.endpoint()
    let victim = try Command(
      Executables.worker,
      ["--connect", endpoint, "--slots", "2", "--checkpoint-every", "0.5"], on: self)
    try wait(for: "a row with \(word)") {
      (try? read("\(out)/trials.csv").contains(word)) == true
    }
    victim.send(SIGKILL)
    first.send(SIGKILL)
    #expect(try victim.exitCode() == -SIGKILL)
    #expect(try first.exitCode() == -SIGKILL)
    let second = try Command(Executables.coordinator, arguments, on: self)
    let worker = try Command(
      Executables.worker, ["--connect", endpoint, "--slots", "2", "--exit-when-idle"], on: self)
    try #require(try second.exitCode() == 0, "\(second.standardError)")
    // Where both trials had ended before the kill, it has met no coordinator and would wait for one.
    worker.send(SIGTERM)
    _ = try worker.exitCode()
  }
}
