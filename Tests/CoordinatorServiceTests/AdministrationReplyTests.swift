import Foundation
import Testing
import Trials

@testable import Coordination
@testable import CoordinatorService

@Suite("Answers to people")
struct AdministrationReplyTests {
  private func running(mse: Double) -> SweepStatus.Running {
    SweepStatus.Running(
      RunningTrial(
        trial: TrialID(rawValue: 1), attempt: 1, worker: WorkerID("w"), host: "h", isClaimed: true,
        progress: TrialProgress(
          step: 10, totalSteps: 100, mse: mse, gatesOpen: 1, multiplier: .nan, stepsPerSecond: 2)),
      stage: "main")
  }

  @Test(
    "A diverging training is shown like others, without its error",
    arguments: [Double.nan, .infinity])
  func diverging(mse: Double) throws {
    let running = running(mse: mse)
    #expect(running.mse == nil)
    #expect(running.step == 10)
    #expect(running.remainingSeconds == 45)
    #expect(self.running(mse: 2).mse == 2)
  }

  @Test("A number that JSON cannot represent does not hide the others")
  func nonFinite() throws {
    var running = running(mse: 2)
    running.stepsPerSecond = .infinity
    running.remainingSeconds = .nan
    var status = SweepStatus(sweep: "s", question: "q", isRunning: true)
    status.running = [running]
    let reply = AdministrationReply(status: status)
    let read = try AdministrationReply(line: reply.line)
    #expect(read.error == nil)
    #expect(read.status?.running.first?.stepsPerSecond == .infinity)
    #expect(read.status?.running.first?.remainingSeconds?.isNaN == true)
    #expect(!reply.json.isEmpty)
  }

  @Test("A trial that would lose long work without a checkpoint is shown")
  func withoutCheckpoint() throws {
    var status = SweepStatus(sweep: "s", question: "q", isRunning: true)
    for (step, hasCheckpoint, isTold) in [
      (1_190, false, false), (1_200, false, true), (1_200, true, false), (0, false, false),
    ] {
      var running = running(mse: 2)
      running.step = step
      running.hasCheckpoint = hasCheckpoint
      status.running = [running]
      #expect(
        status.text.contains("no checkpoint of \(running.trial) has come from h") == isTold,
        "\(status.text)")
    }
  }
}
