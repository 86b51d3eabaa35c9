import Foundation
import Testing

/// Short runs of `fault-campaigns soak` and `fault-campaigns detection`, which kill and suspend
/// processes.
@Suite("Killed and suspended processes", .serialized)
struct SoakTests {
  private func campaign(_ arguments: String...) throws -> (code: Int32, out: String, err: String) {
    let bench = try Bench()
    let command = try Command(Executables.faultCampaigns, arguments, on: bench)
    return (
      try command.exitCode(), command.standardOutput, command.standardError
    )
  }

  @Test("no trial is lost or recorded twice when workers and the coordinator are killed")
  func soak() throws {
    let run = try campaign(
      "soak", "--dataset", "sprites28", "--data", Bench.data.path, "--worker-kills", "2",
      "--coordinator-kills", "1", "--interval", "0.5", "--steps", "1600", "--json")
    let object = try JSONSerialization.jsonObject(with: Data(run.out.utf8))
    let outcome = try #require(object as? [String: Any], "\(run.err)")
    func number(_ name: String) throws -> Int { try #require(outcome[name] as? Int) }
    #expect(outcome["is_same"] as? Bool == true && outcome["is_sound"] as? Bool == true)
    #expect(try number("lost") == 0 && number("double") == 0 && number("unseen_trials") == 0)
    #expect(try number("leftovers") == 0 && number("failed_workers") == 0)
    #expect(try number("trials") == 12)
    #expect(try number("worker_kills") == 2 && number("coordinator_kills") == 1)
    // An interruption costs at most the whole trial. The campaign's own bound, one checkpoint interval
    // per kill, holds only on an otherwise idle machine.
    let interruptions = try number("interrupted_trials")
    #expect(interruptions > 0)
    #expect(try (0...1600 * (interruptions + 1)).contains(number("recomputed_steps")))
  }

  @Test(
    "another worker gets a killed worker's trial in seconds; a suspended worker continues")
  func detection() throws {
    let run = try campaign(
      "detection", "killed", "continued", "--rounds", "1", "--stop", "3", "--json")
    let list = try JSONSerialization.jsonObject(with: Data(run.out.utf8)) as? [[String: Any]]
    let findings = try #require(list, "\(run.err)")
    #expect(findings.compactMap { $0["fault"] as? String } == ["killed", "continued"])
    let seconds = try #require(findings.first?["seconds"] as? [Double])
    #expect(seconds.count == 1)
    // On an otherwise idle machine it takes less than 5 s. The timeout for a silent worker is longer
    // than 30 s, so it is not what ended the lease.
    #expect(seconds.allSatisfy { 0 < $0 && $0 < 30 }, "\(seconds)")
    #expect(findings.last?["is_same"] as? Bool == true, "\(run.out)\(run.err)")
  }
}
