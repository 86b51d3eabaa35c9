import Coordination
import Foundation
import Store
import TestSupport
import Testing
import Trials
import Wire

/// A coordinator killed after each of its commits.
@Suite("A coordinator killed at every commit")
struct CommitBoundaryTests {
  let directory: TemporaryFolder

  init() throws { directory = try TemporaryFolder() }

  /// Three trials, each with a child that takes its error.
  private var family: SweepPlan {
    var family = plan(tolerances: [3, 10, 30])
    family.trials += family.trials.map { parent in
      var configuration = parent.configuration
      configuration.tolerance = .measured(ParentMeasurement(trial: parent.id, output: .mse))
      return PlannedTrial(stage: "child", replicate: 0, configuration: configuration)
    }
    return family
  }

  @Test("At every commit, a restarted coordinator has the state of the running one")
  func everyCommit() throws {
    let family = family
    let store = try open(family, in: directory)
    var live = Coordinator(plan: family.trials, settings: CoordinationSettings())
    var boundaryCount = 0
    func commit(_ effects: [Effect]) throws -> [Assignment] {
      var records: [JournalRecord] = []
      var assignments: [Assignment] = []
      for effect in effects {
        switch effect {
        case .append(let record): records.append(record)
        case .send(.assign(let assignment), _): assignments.append(assignment)
        default: break
        }
      }
      guard !records.isEmpty else { return assignments }
      try store.append(records)
      boundaryCount += 1
      let image = try crashImage(of: directory)
      var replayed = Coordinator(plan: family.trials, settings: CoordinationSettings())
      for record in try open(family, in: image).journal() { try replayed.replay(record) }
      #expect(replayed.ledger == live.ledger, "after commit \(boundaryCount)")
      try expectLogWhole(in: image, "after commit \(boundaryCount)")
      return assignments
    }

    var seconds = 0
    func now() -> Instant {
      seconds += 1
      return Instant(sinceStart: .seconds(seconds))
    }
    let connections = [ConnectionID([1]), ConnectionID([2])]
    var pending = try commit(live.resume(at: now()))
    for (number, connection) in connections.enumerated() {
      pending += try commit(
        live.handle(
          .workerAnnounced(
            WorkerAnnouncement(
              worker: number == 0 ? workerA : workerB, host: "host-\(number)", slots: 1,
              claims: []), on: connection), at: now()))
    }
    var handled = 0
    while !live.isFinished, handled < 200 {
      handled += 1
      guard !pending.isEmpty else {
        pending += try commit(live.handle(.clockTicked, at: now()))
        continue
      }
      let assignment = pending.removeFirst()
      let holder = live.runningTrials.first {
        $0.trial == assignment.trial && $0.attempt == assignment.attempt
      }
      guard let holder else { continue }
      let connection = connections[holder.worker == workerA ? 0 : 1]
      // The first attempt at each trial fails, for some trials by an external cause.
      if assignment.attempt == 1 {
        let cause: FailureCause = handled.isMultiple(of: 2) ? .diskFull : .notANumber
        pending += try commit(
          live.handle(
            .attemptFailed(
              trial: assignment.trial, attempt: assignment.attempt,
              failure: TrialFailure(cause: cause, message: "in a test"), checkpoint: nil,
              on: connection), at: now()))
        continue
      }
      var finished = result(of: family.trials[0])
      finished.provenance.configuration = assignment.configuration
      for index in finished.milestones.indices {
        finished.milestones[index].tolerance = try assignment.configuration.resolvedTolerance()
      }
      pending += try commit(
        live.handle(
          .trialFinished(
            trial: assignment.trial, attempt: assignment.attempt,
            result: ReceivedResult(finished), checkpoint: nil, on: connection), at: now()))
    }
    #expect(live.isFinished)
    #expect(live.counts.complete == 6)
    #expect(boundaryCount >= 12)
  }
}
