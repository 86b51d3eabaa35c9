import Coordination
import SimulatedCluster
import Testing

/// Many workers and trials, at a size that a debug build has time for; `swift run -c release
/// ClusterRun scale` runs a thousand workers and a hundred thousand trials.
@Suite("Scale", .serialized)
struct ScaleTests {
  @Test("a pending trial takes at most 2 kB, a lease with its result a bounded time")
  func throughput() {
    let outcome = ScaleRun(trialCount: 20_000, workerCount: 200).run()
    #expect(outcome.ending == .complete)
    #expect(outcome.bytesPerTrial <= 2_000)
    #expect(outcome.trialsPerSecond > 500)
  }

  @Test("so does a lease that needs a schedule over unequal hosts")
  func schedules() {
    let outcome = ScaleRun(trialCount: 1_000, workerCount: 100, needsSchedules: true).run()
    #expect(outcome.ending == .complete)
    #expect(outcome.trialsPerSecond > 5)
  }
}
