import ArgumentParser
import Autoencoder
import Benches
import Foundation
import Narrowing
import Primitives
import Trials

/// `benchmarks threads`: one trial on several threads.
struct ThreadsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "threads",
    abstract: "Compares one trial's step on several threads with the step on one.",
    discussion: """
      Steps on 1 thread and on more alternate; times are wall-clock times, so use an otherwise idle \
      machine. The serial part is the time of a step on one thread outside of shared work. A \
      meeting is an empty piece of shared work, timed separately. The estimate for more threads is \
      serial + shared / threads + meetings; it ignores contention for memory.
      """)

  @OptionGroup var shapes: ShapeOptions
  @OptionGroup var arithmetic: PrecisionOption
  @OptionGroup var repeating: RepetitionsOption
  @Option(help: ArgumentHelp("Threads.", valueName: "n"))
  var threads = 2

  func validate() throws {
    guard (2...ComputeContext.partCount).contains(threads) else {
      throw ValidationError(
        "--threads: found \(threads), expected 2 to \(ComputeContext.partCount)")
    }
  }

  func run() throws {
    let meeting = Self.meeting(threads: threads)
    print("a meeting of \(threads) threads takes \((1e6 * meeting).text(2)) µs")
    var table = TextTable(
      "shape", "passes", "ms on 1", "ms on \(threads)", "ratio", "meetings", "serial ms",
      "serial %", "estimate: \(threads)", "4", "8")
    for network in shapes.networks {
      for passes in 1...2 {
        let alone = try network.trainer(
          forceSecondPass: passes == 2, precision: arithmetic.precision)
        let shared = try network.trainer(
          forceSecondPass: passes == 2, precision: arithmetic.precision, threads: threads)
        var (one, several, serial) = (Samples(), Samples(), [Double]())
        for _ in 0..<repeating.repetitions {
          try one.time { _ = try alone.step() }
          try several.time { _ = try shared.step() }
        }
        var meetings = 0
        for _ in 0..<repeating.repetitions {
          alone.network.team.measure = ThreadTeam.Measure()
          let elapsed = try Elapsed { _ = try alone.step() }
          guard let measure = alone.network.team.measure else { continue }
          serial.append(elapsed.wall - measure.seconds)
          meetings = measure.rounds
        }
        let (ms, fixed) = (one.wallMilliseconds, 1e3 * median(serial))
        func estimate(_ threads: Int) -> String {
          let shared = (ms - fixed) / Double(threads) + 1e3 * meeting * Double(meetings)
          return (ms / (fixed + shared)).text(2)
        }
        table.add(
          network.name, "\(passes)", ms.text(2), several.wallMilliseconds.text(2),
          (ms / several.wallMilliseconds).text(2), "\(meetings)", fixed.text(3),
          (100 * fixed / ms).text(1), estimate(threads), estimate(4), estimate(8))
      }
    }
    print(table.text)
  }

  /// Seconds of an empty piece of work of the team.
  private static func meeting(threads: Int) -> Double {
    let team = ThreadTeam(count: threads)
    let rounds = 1000
    let samples = (0..<30).map { _ in
      Elapsed { for _ in 0..<rounds { team.run { _ in } } }.wall / Double(rounds)
    }
    return median(samples)
  }
}
