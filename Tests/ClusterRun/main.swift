import Coordination
import Foundation
import SimulatedCluster

// Long runs of the simulations that CoordinationTests runs briefly; use a release build:
//
//   swift run -c release ClusterRun seeds 0 100000
//   swift run -c release ClusterRun trace 17
//   swift run -c release ClusterRun scale

/// Runs a whole sweep with random faults for each seed, on all cores, and prints the seeds with
/// violations.
func runSeeds(_ seeds: Range<Int>) -> Bool {
  let lock = NSLock()
  nonisolated(unsafe) var next = seeds.lowerBound
  nonisolated(unsafe) var failedCount = 0
  nonisolated(unsafe) var eventCount = 0
  nonisolated(unsafe) var workerEventCount = 0
  nonisolated(unsafe) var crashCount = 0
  nonisolated(unsafe) var hours = 0.0
  let threadCount =
    ProcessInfo.processInfo.environment["BOTTLENECKSWEEP_THREADS"].flatMap { Int($0) }
    ?? ProcessInfo.processInfo.activeProcessorCount
  DispatchQueue.concurrentPerform(iterations: threadCount) { _ in
    while true {
      let seed = lock.withLock {
        defer { next += 1 }
        return next
      }
      guard seed < seeds.upperBound else { return }
      var simulation = Simulation(seed: UInt64(seed))
      let options = simulation.options
      let outcome = simulation.run()
      lock.withLock {
        eventCount += outcome.eventCount
        workerEventCount += outcome.workerEventCount
        crashCount += outcome.crashCount
        hours += Double(outcome.milliseconds) / 3_600_000
        if !outcome.violations.isEmpty {
          failedCount += 1
          print("seed \(seed): \(outcome.violations)\n  \(options)")
        }
        let count = seed - seeds.lowerBound + 1
        if count.isMultiple(of: 5_000) {
          print("\(count) seeds, \(eventCount) events, \(failedCount) with violations")
          fflush(nil)
        }
      }
    }
  }
  print(
    """
    \(seeds.count) seeds: \(eventCount) events of the coordinator and \(workerEventCount) of \
    workers in \(Int(hours)) simulated hours, \(crashCount) crashes of the coordinator, \
    \(failedCount) seeds with violations
    """)
  return failedCount == 0
}

/// Prints every event and effect of the run of one seed.
func traceSeed(_ seed: UInt64) -> Bool {
  var simulation = Simulation(seed: seed)
  print(simulation.options)
  simulation.trace = { print($0) }
  let outcome = simulation.run()
  print(outcome.violations)
  return outcome.violations.isEmpty
}

/// Runs a hundred thousand trials on a thousand workers, and prints the speed.
func runScale() -> Bool {
  let plain = ScaleRun(trialCount: 100_000, workerCount: 1_000).run()
  print(
    """
    100000 trials, 1000 workers: \(Int(plain.trialsPerSecond)) leases and results per second of processor time, \
    \(plain.bytesPerTrial) bytes per pending trial
    """)
  let scheduled = ScaleRun(trialCount: 10_000, workerCount: 1_000, needsSchedules: true).run()
  print(
    """
    10000 long trials, 1000 unequal workers: \(Int(scheduled.trialsPerSecond)) leases and results \
    per second
    """)
  return plain.ending == .complete && scheduled.ending == .complete
}

let arguments = Array(CommandLine.arguments.dropFirst())
switch (arguments.first, arguments.dropFirst().compactMap { Int($0) }) {
case ("seeds", let numbers) where numbers.count == 2 && numbers[0] >= 0 && numbers[1] > 0:
  exit(runSeeds(numbers[0]..<numbers[0] + numbers[1]) ? 0 : 1)
case ("trace", let numbers) where numbers.count == 1 && numbers[0] >= 0:
  exit(traceSeed(UInt64(numbers[0])) ? 0 : 1)
case ("scale", []): exit(runScale() ? 0 : 1)
default:
  print("usage: ClusterRun seeds FIRST COUNT | ClusterRun trace SEED | ClusterRun scale")
  exit(64)
}
