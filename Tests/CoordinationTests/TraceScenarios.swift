import Coordination
import SimulatedCluster
import Testing
import Trials

/// Reports and results of traced trials.
@Suite("Reports and results of traced trials")
struct TraceScenarios {
  /// Its first rung is quiet at step 300, the others spend 400 steps each.
  private let a = SimulatedSweep.tracedRun(seed: 1 << 32)

  private func report(_ index: Int) -> MilestoneReport {
    SimulatedSweep.report(at: index, of: a.configuration)
  }

  private func report(
    _ report: MilestoneReport, index: Int, in script: inout Script
  ) -> [Effect] {
    script.handle(
      .reportReached(
        trial: a.id, attempt: 1, index: index, report: report, on: Script.connection("w1")))
  }

  private func started() throws -> Script {
    var script = try Script([a])
    script.resume()
    script.announce("w1", instructionSet: "avx2")
    return script
  }

  private func endsAttempt(_ effects: [Effect]) -> Bool {
    effects.records.first.map { if case .attemptEnded = $0 { true } else { false } } == true
  }

  @Test("every rung's report is recorded, and the result has them all")
  func sound() throws {
    var script = try started()
    #expect((0..<3).map { report($0).step } == [300, 700, 1100])
    #expect((0..<3).map { report($0).tolerance } == [3, 5, 8])
    for index in 0..<3 { _ = report(report(index), index: index, in: &script) }
    #expect(
      try script.restarted().coordinator.reports(of: a.id)
        == [0: report(0), 1: report(1), 2: report(2)])
    script.finish(a, on: "w1")
    #expect(script.coordinator.counts.complete == 1)
  }

  @Test("a rung's report with another tolerance, place, step or ending ends the attempt")
  func unexpected() throws {
    for (index, change): (Int, (inout MilestoneReport) -> Void) in [
      (0, { $0.tolerance = 5 }), (1, { $0.tolerance = 8 }), (0, { $0.step = 401 }),
      (0, { $0.ending = .quiet }), (1, { $0.ending = .goesOn }), (0, { $0.budget = .batches(800) }),
      (2, { $0.ending = ReportEnding.budget.with(isFinal: false) }), (3, { _ in }),
    ] {
      var script = try started()
      var report = report(min(index, 2))
      change(&report)
      #expect(endsAttempt(self.report(report, index: index, in: &script)), "\(index)")
      #expect(script.coordinator.reports(of: a.id) == [:])
    }
  }

  @Test("a report that is not after the one of the rung before ends the attempt")
  func outOfOrder() throws {
    var script = try started()
    _ = report(report(0), index: 0, in: &script)
    var second = report(1)
    second.step = 300
    #expect(endsAttempt(report(second, index: 1, in: &script)))
    #expect(script.coordinator.reports(of: a.id) == [0: report(0)])
    // The same if the later rung's report comes first.
    script = try started()
    second.step = 290
    _ = report(second, index: 1, in: &script)
    #expect(endsAttempt(report(report(0), index: 0, in: &script)))
  }

  @Test("results with too few or too many rungs, or with rungs in another order, are refused")
  func hostileResults() throws {
    for change: (inout TrialResult) -> Void in [
      { $0.milestones.removeLast() },
      { $0.milestones.removeFirst() },
      { $0.milestones.append($0.milestones[2]) },
      { $0.milestones.swapAt(0, 1) },
      { $0.milestones[1].tolerance = 8 },
      { $0.milestones[1].step = 300 },
    ] {
      var script = try started()
      var received = SimulatedSweep.result(of: a.configuration)
      change(&received.result)
      #expect(endsAttempt(script.finish(a, on: "w1", result: received)))
      #expect(script.coordinator.counts.complete == 0)
    }
  }
}
