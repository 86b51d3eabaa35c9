import ArgumentParser
import Benches
import Foundation

/// `benchmarks scaling`: compares one trial with N trials in parallel.
struct ScalingCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "scaling",
    abstract: "Compares N trials on N cores with one.",
    discussion: """
      Every trial is a process, as on a worker. Rounds of one trial and of N trials alternate; the \
      ratio is of steps per second, at best N. Use an otherwise idle machine. The processor time \
      per step, from the same rounds, shows how much the cores slow each other down.
      """)

  @OptionGroup var shapes: ShapeOptions
  @Option(help: ArgumentHelp("Trials at once.", discussion: "Without it: one per core."))
  var trials: Int?
  @Option(help: "Rounds.")
  var rounds = 5
  @Option(help: "Seconds of a round.")
  var seconds = 2.0

  func validate() throws {
    guard (1...1000).contains(rounds), (0.01...3600).contains(seconds),
      (1...1024).contains(trials ?? 1)
    else {
      throw ValidationError(
        "--rounds: expected 1 to 1000; --seconds: 0.01 to 3600; --trials: 1 to 1024")
    }
  }

  func run() throws {
    let count = trials ?? ProcessInfo.processInfo.activeProcessorCount
    let program = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    var table = TextTable(
      "shape", "trials", "steps/s of one", "steps/s of all", "ratio", "of N", "ms of one",
      "ms among all", "MB per trial", "page faults per step")
    for network in shapes.networks {
      let children = try (0..<count).map { _ in
        try Companion(URL(filePath: program), ["load"] + ShapeOptions.arguments(for: network))
      }
      var alone: [LoadCommand.Answer] = []
      var together: [[LoadCommand.Answer]] = []
      for round in 0..<rounds {
        alone += try answers(of: [children[round % count]])
        together.append(try answers(of: children))
      }
      let one = median(alone.map(stepsPerSecond))
      let all = median(together.map { $0.map(stepsPerSecond).reduce(0, +) })
      let answers = together.flatMap { $0 }
      let steps = answers.reduce(0) { $0 + $1.steps }
      table.add(
        network.name, "\(count)", one.text(1), all.text(1), (all / one).text(3),
        (100 * all / one / Double(count)).text(1) + " %",
        median(alone.map(millisecondsPerStep)).text(2),
        median(answers.map(millisecondsPerStep)).text(2),
        (Double(answers.map(\.residentBytes).max() ?? 0) / 1e6).text(1),
        (Double(answers.reduce(0) { $0 + $1.pageFaults }) / Double(steps)).text(3))
    }
    print(table.text)
  }

  private func answers(of children: [Companion]) throws -> [LoadCommand.Answer] {
    for child in children { try child.send(LoadCommand.Request(seconds: seconds)) }
    return try children.map { try $0.receive(LoadCommand.Answer.self) }
  }

  private func stepsPerSecond(_ answer: LoadCommand.Answer) -> Double {
    Double(answer.steps) / answer.elapsed.wall
  }

  private func millisecondsPerStep(_ answer: LoadCommand.Answer) -> Double {
    1e3 * answer.elapsed.processor / Double(answer.steps)
  }
}
