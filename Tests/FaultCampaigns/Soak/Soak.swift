import Benches
import Foundation
import Glibc
import Randomness

/// One run of the soak campaign.
struct Soak {
  /// Steps between two rows of a trial's `pace.csv`.
  static let sampling = 10
  /// How many trials the sweep has.
  static let trialCount = 12
  /// Seconds between two looks at the files of the trials' processes.
  private static let lookInterval = 0.05

  private let command: SoakCommand
  private let bench: ProcessBench
  private var random: SplitMix64
  private var computed: ComputedSteps
  private var workers: [Worker] = []
  private var caches = 0
  private var interruptedTrials = 0
  /// The processes that were ended by killing their workers.
  private var interruptions: [ComputedSteps.Run] = []

  private struct Worker {
    var process: Process
    var cache: URL
  }

  init(_ command: SoakCommand, on bench: ProcessBench) {
    self.command = command
    self.bench = bench
    random = SplitMix64(seed: command.seed)
    computed = ComputedSteps(sampling: Self.sampling, length: command.steps)
  }

  mutating func run() throws -> SoakCommand.Outcome {
    let sweep = try bench.write(
      """
      sweep: soak
      question: Does every trial get one result?
      dataset: \(command.dataset)
      model: {channels: [4, 4, 8]}
      trainer: {sample_every: \(Self.sampling)}
      budget: \(command.steps) batches
      axes:
        latents: [3, 4, 5]
        tolerance: [10, 20, 30, 40]

      """, to: "soak.yaml")
    let clock = ContinuousClock()
    let undisturbed = try clock.measure {
      try bench.complete(
        "coordinator", coordinator(sweep, "calm", ["--local-workers", "2"]), as: "calm")
    }
    var kills = (workers: 0, coordinators: 0)
    let disturbed = try clock.measure { kills = try disturb(sweep) }
    bench.awaitEnds(seconds: 60)
    let failedWorkers = workers.count { !$0.process.isRunning && $0.process.terminationStatus != 0 }
    let leftovers = bench.endLeftovers()
    let check = try bench.start("coordinator", ["check", bench.path("rough")], as: "check")
    check.waitUntilExit()
    let (calm, rough) = (try bench.read("calm/trials.csv"), try bench.read("rough/trials.csv"))
    let names = Set(calm.split(separator: "\n").dropFirst().map { $0.prefix { $0 != "," } })
    let rows = rough.split(separator: "\n").dropFirst().map { $0.prefix { $0 != "," } }
    let duplicated = computed.inOrder.filter { isDuplicate($0) }.reduce(0) { $0 + $1.steps }
    return SoakCommand.Outcome(
      seed: command.seed, trials: names.count, workerKills: kills.workers,
      coordinatorKills: kills.coordinators, interruptedTrials: interruptedTrials,
      recomputedSteps: computed.total - names.count * command.steps - duplicated,
      largestRecomputation: largestRecomputation,
      intervalSteps: Int(computed.pace * command.checkpointEvery), isSame: calm == rough,
      lost: names.subtracting(rows).count, double: rows.count - Set(rows).count,
      isSound: check.terminationStatus == 0,
      undisturbedSeconds: undisturbed / .seconds(1), disturbedSeconds: disturbed / .seconds(1),
      unseenTrials: names.count - Set(computed.inOrder.map(\.trial)).count,
      failedWorkers: failedWorkers, leftovers: leftovers)
  }

  /// Runs the sweep to its end, and kills workers and the coordinator meanwhile.
  private mutating func disturb(_ sweep: String) throws -> (workers: Int, coordinators: Int) {
    let port = try bench.freePort()
    var coordinator = try start(sweep, port: port)
    let endpoint = try bench.endpoint(of: coordinator, as: "rough")
    for _ in 0..<command.workers { workers.append(try startWorker(endpoint)) }
    var kills = (workers: 0, coordinators: 0)
    while coordinator.isRunning {
      let left = (
        command.workerKills - kills.workers, command.coordinatorKills - kills.coordinators
      )
      guard left.0 + left.1 > 0 else { break }
      let pause = -log(1 - Double.random(in: 0..<1, using: &random)) * command.interval
      watch(coordinator, seconds: pause)
      guard coordinator.isRunning else { break }
      if random.draw(1...left.0 + left.1) <= left.0 {
        let victim = Int.random(in: workers.indices, using: &random)
        guard workers[victim].process.isRunning else { continue }
        // At least one kill has to interrupt a trial, on a machine of any speed.
        while kills.workers == 0, coordinator.isRunning,
          !computed.isUnderWay(below: workers[victim].cache)
        {
          watch(coordinator, seconds: 0)
        }
        guard coordinator.isRunning else { break }
        try crash(workers[victim])
        kills.workers += 1
        workers[victim] = try startWorker(endpoint)
      } else {
        coordinator.crash()
        kills.coordinators += 1
        coordinator = try start(sweep, port: port)
      }
    }
    watch(coordinator, seconds: .infinity)
    guard coordinator.terminationStatus == 0 else {
      throw BenchmarkError("the disturbed run failed: \(bench.log("rough").suffix(2000))")
    }
    let deadline = ContinuousClock.now + .seconds(30)
    while workers.contains(where: \.process.isRunning), ContinuousClock.now < deadline {
      usleep(50_000)
    }
    return kills
  }

  /// Reads the processes' files for some seconds, or until the coordinator has ended.
  private mutating func watch(_ coordinator: Process, seconds: Double) {
    let start = ContinuousClock.now
    repeat {
      Thread.sleep(forTimeInterval: Self.lookInterval)
      computed.look(into: workers.map(\.cache))
    } while coordinator.isRunning && (ContinuousClock.now - start) / .seconds(1) < seconds
  }

  /// Kills a worker and its trial, notes the trial's steps, and deletes the worker's cache.
  private mutating func crash(_ worker: Worker) throws {
    if worker.process.crash() { interruptedTrials += 1 }
    computed.look(into: workers.map(\.cache))
    interruptions += computed.end(below: worker.cache)
    // A worker that is killed as it starts has no cache yet.
    if FileManager.default.fileExists(atPath: worker.cache.path) {
      try FileManager.default.removeItem(at: worker.cache)
    }
  }

  /// The most steps between the last step of an interrupted trial and the step from which its next
  /// process started.
  private var largestRecomputation: Int {
    let runs = computed.inOrder
    return interruptions.compactMap { ended in
      runs[(ended.number + 1)...].first { $0.trial == ended.trial }.map {
        ended.row + ended.slack - $0.first
      }
    }.max() ?? 0
  }

  /// Whether a process ran an attempt that was leased while another attempt of its trial ran.
  private func isDuplicate(_ run: ComputedSteps.Run) -> Bool {
    bench.log("rough").split(separator: "\n").contains {
      $0.contains("(\(run.trial)) also runs on ")
        && $0.contains(", attempt \(run.attempt), which ")
    }
  }

  private func start(_ sweep: String, port: String) throws -> Process {
    try bench.start(
      "coordinator", coordinator(sweep, "rough", ["--listen", "tcp://127.0.0.1:\(port)"]),
      as: "rough")
  }

  private mutating func startWorker(_ endpoint: String) throws -> Worker {
    caches += 1
    let cache = bench.folder.appending(path: "cache-\(caches)")
    let process = try bench.start(
      "worker",
      [
        "--connect", endpoint, "--slots", "1", "--exit-when-idle", "--cache", cache.path,
        "--checkpoint-every", "\(command.checkpointEvery)",
      ], as: "worker")
    return Worker(process: process, cache: cache)
  }

  private func coordinator(_ sweep: String, _ name: String, _ more: [String]) -> [String] {
    ["run", sweep, "--out", bench.path(name)] + more
      + (command.data.map { ["--data", $0] } ?? [])
  }
}
