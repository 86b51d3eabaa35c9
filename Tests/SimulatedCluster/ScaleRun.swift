import Coordination
import Foundation
import Trials

/// Measures the cost of the coordinator's decisions with many trials and workers that answer at
/// once.
package struct ScaleRun: Sendable {
  /// The outcome of a run.
  package struct Outcome: Sendable {
    /// The coordinator's ending.
    package var ending: SweepEnding?
    /// Leases with results per second of processor time.
    package var trialsPerSecond = 0.0
    /// Resident bytes per pending trial, including its plan.
    package var bytesPerTrial = 0
    /// How many events the coordinator handled.
    package var eventCount = 0
  }

  package let trialCount: Int
  package let workerCount: Int
  /// Whether hosts differ and trials are long, so that each lease needs a schedule.
  package let needsSchedules: Bool

  /// A run of the given size.
  package init(trialCount: Int, workerCount: Int, needsSchedules: Bool = false) {
    self.trialCount = trialCount
    self.workerCount = workerCount
    self.needsSchedules = needsSchedules
  }

  /// Leases all trials and delivers their results in order.
  package func run() -> Outcome {
    var outcome = Outcome()
    let before = Self.residentBytes()
    let plan = (0..<UInt64(trialCount)).map { SimulatedSweep.baseline(seed: $0) }
    var costs: [TrialID: Double] = [:]
    if needsSchedules {
      for (number, trial) in plan.enumerated() { costs[trial.id] = 100 + Double(number % 97) }
    }
    var coordinator = Coordinator(
      plan: plan, expectedCost: costs, settings: CoordinationSettings())
    let clock = ContinuousClock()
    let start = clock.now
    func now() -> Instant { Instant(sinceStart: clock.now - start) }
    _ = coordinator.resume(at: now())
    outcome.bytesPerTrial = (Self.residentBytes() - before) / max(trialCount, 1)
    var queue: [(worker: Int, assignment: Assignment)] = []
    func keep(_ effects: [Effect]) {
      for case .send(.assign(let assignment), let connection) in effects {
        queue.append((Self.number(of: connection), assignment))
      }
    }
    for worker in 0..<workerCount {
      keep(
        coordinator.handle(
          .workerAnnounced(announcement(of: worker), on: Self.connection(of: worker)), at: now()))
    }
    guard let first = plan.first else { return outcome }
    let template = SimulatedSweep.result(of: first.configuration)
    let begun = Self.processorSeconds()
    var next = 0
    while next < queue.count {
      let (worker, assignment) = queue[next]
      next += 1
      var result = template
      result.result.provenance.configuration = assignment.configuration
      keep(
        coordinator.handle(
          .trialFinished(
            trial: assignment.trial, attempt: assignment.attempt, result: result,
            on: Self.connection(of: worker)), at: now()))
    }
    outcome.trialsPerSecond = Double(next) / max(Self.processorSeconds() - begun, 1e-6)
    outcome.eventCount = next + workerCount
    outcome.ending = coordinator.ending
    return outcome
  }

  private func announcement(of worker: Int) -> WorkerAnnouncement {
    let isSlow = needsSchedules && worker.isMultiple(of: 2)
    return WorkerAnnouncement(
      worker: WorkerID("w\(worker)"), host: "h\(worker)", slots: 1,
      instructionSet: isSlow ? "avx2" : "avx512", claims: [])
  }

  private static func connection(of worker: Int) -> ConnectionID {
    ConnectionID(withUnsafeBytes(of: UInt32(worker).bigEndian) { Array($0) })
  }

  private static func number(of connection: ConnectionID) -> Int {
    connection.bytes.reduce(0) { $0 << 8 | Int($1) }
  }

  private static func processorSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }

  private static func residentBytes() -> Int {
    let status = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
    let pages = status.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
    return pages * Int(sysconf(Int32(_SC_PAGESIZE)))
  }
}
