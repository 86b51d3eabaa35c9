import Foundation
import Testing

/// A short run of `fault-campaigns hostile`, which attacks a coordinator with a real worker.
@Suite("Hostile peers", .serialized)
struct HostileTests {
  @Test(
    "invalid frames, false messages, blobs without a lease and floods change no result",
    arguments: [false, true])
  func attacked(isEncrypted: Bool) throws {
    let bench = try Bench()
    // A least pace of 0, since the default holds only on an otherwise idle machine.
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
