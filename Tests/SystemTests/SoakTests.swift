import Foundation
import Testing

/// Processes that are killed or suspended at random moments; the long forms are `fault-campaigns
/// soak` and `fault-campaigns detection`.
@Suite("Processes that go", .serialized)
struct SoakTests {
  private func campaign(_ arguments: String...) throws -> (code: Int32, out: String, err: String) {
    let bench = try Bench()
    let command = try Command(Executables.faultCampaigns, arguments, on: bench)
    return (
      try command.exitCode(), command.standardOutput, command.standardError
    )
  }

  @Test("kills of workers and coordinator lose nothing and little is computed twice")
  func soak() throws {
    let run = try campaign(
      "soak", "--dataset", "sprites28", "--data", Bench.data.path, "--worker-kills", "2",
      "--coordinator-kills", "1", "--interval", "0.5", "--steps", "1600", "--json")
    let object = try JSONSerialization.jsonObject(with: Data(run.out.utf8))
    let outcome = try #require(object as? [String: Any], "\(run.err)")
    func number(_ name: String) throws -> Int { try #require(outcome[name] as? Int) }
    #expect(outcome["is_same"] as? Bool == true && outcome["is_sound"] as? Bool == true)
    #expect(try number("lost") == 0 && number("double") == 0 && number("leftovers") == 0)
    #expect(try number("worker_kills") == 2 && number("coordinator_kills") == 1)
    // Of a trial that was interrupted never more than all is computed twice; before its first step,
    // nothing.
    // The campaign's own bound, a checkpoint interval, is for a machine that does nothing else.
    let interruptions = try number("interrupted_trials")
    #expect(interruptions > 0)
    #expect(try (0...1600 * (interruptions + 1)).contains(number("recomputed_steps")))
  }

  @Test(
    "a killed worker's trial is leased again in seconds; a suspended one continues")
  func detection() throws {
    let run = try campaign(
      "detection", "killed", "continued", "--rounds", "1", "--stop", "3", "--json")
    let list = try JSONSerialization.jsonObject(with: Data(run.out.utf8)) as? [[String: Any]]
    let findings = try #require(list, "\(run.err)")
    #expect(findings.compactMap { $0["fate"] as? String } == ["killed", "continued"])
    let seconds = try #require(findings.first?["seconds"] as? [Double])
    #expect(seconds.count == 1)
    // How soon depends on what else the machine does; five seconds are the quiet machine's. A worker
    // that is merely silent is waited for longer than this.
    #expect(seconds.allSatisfy { 0 < $0 && $0 < 30 }, "\(seconds)")
    #expect(findings.last?["is_same"] as? Bool == true, "\(run.out)\(run.err)")
  }
}
