import Foundation
import Testing

/// A coordinator under attack, with a real worker; the long form is `fault-campaigns hostile`.
@Suite("Peers that mean harm", .serialized)
struct HostileTests {
  @Test(
    "malformed, truncated, oversized and replayed frames, lies, unwanted blobs and floods change nothing",
    arguments: [false, true])
  func attacked(isEncrypted: Bool) throws {
    let bench = try Bench()
    // The rate is for an otherwise idle machine.
    let siege = try Command(
      Executables.faultCampaigns,
      [
        "hostile", "--frames", "10000", "--connections", "300", "--holding", "1", "--trials", "30",
        "--batches", "100", "--least-pace", "0",
      ] + (isEncrypted ? [] : ["--plain"]), on: bench)
    let code = try siege.exitCode()
    #expect(code == 0, "\(siege.standardOutput)\(siege.standardError)")
  }
}
