import ArgumentParser
import Console
import CoordinatorService

/// `coordinator simulate`: simulates a sweep on imaginary hosts.
struct SimulateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "simulate",
    abstract: "Simulates a sweep in virtual time on hosts that fail; runs nothing.",
    discussion: """
      The coordinator's own decisions, with the trials' times as `coordinator plan` estimates \
      them. Equal seeds give equal rehearsals. Durations are numbers with s, m, h or d: 90s, 2h.
      """
  ).exiting()

  @OptionGroup var sweep: SweepArguments
  @Option(help: "How many hosts there are.") var hosts = 8
  @Option(help: "Trials that each host runs at once, each on one core; 1 by default.") var slots:
    Int?
  @Option(
    help: ArgumentHelp(
      "Cores of each host, divided among its trials as on workers with --slots auto; instead of --slots.",
      valueName: "n"))
  var cores: Int?
  @Option(
    help: ArgumentHelp(
      "Speeds of the hosts' slots, assigned cyclically; 1 is the speed that `plan` assumes.",
      valueName: "a,b,…"))
  var speeds = "1"
  @Option(
    help: ArgumentHelp(
      "Mean time between failures of a host; by default none fails.",
      valueName: "time"))
  var mtbf: String?
  @Option(
    help: ArgumentHelp("Mean time until a failed host returns.", valueName: "time"))
  var away = "5m"
  @Option(help: "The seed of all random draws.") var seed: UInt64 = 1
  @Flag(help: "Answers in JSON.") var json = false

  func validate() throws {
    guard (1...10_000).contains(hosts) else {
      throw ValidationError("--hosts: found \(hosts), expected 1 to 10000")
    }
    for (option, count) in [("--slots", slots), ("--cores", cores)] {
      guard let count, !(1...1024).contains(count) else { continue }
      throw ValidationError("\(option): found \(count), expected 1 to 1024")
    }
    guard slots == nil || cores == nil else {
      throw ValidationError("found both --slots and --cores, expected one of them")
    }
    _ = try options
  }

  private var options: SweepSimulation.Options {
    get throws {
      var options = SweepSimulation.Options()
      options.hosts = hosts
      options.slots = slots ?? 1
      options.cores = cores ?? 0
      options.seed = seed
      options.speeds = try speeds.split(separator: ",").map { text in
        guard let speed = Double(text), (0.001...1000).contains(speed) else {
          throw ValidationError("--speeds: found \"\(text)\", expected numbers from 0.001 to 1000")
        }
        return speed
      }
      guard !options.speeds.isEmpty else { throw ValidationError("--speeds: expected numbers") }
      options.meanTimeBetweenFailures = try mtbf.map { try Self.duration($0, "--mtbf") }
      options.meanTimeToReturn = try Self.duration(away, "--away")
      return options
    }
  }

  /// A time of at least a second: hosts that fail every moment would never let a sweep end.
  private static func duration(_ text: String, _ option: String) throws -> Duration {
    let units = ["s": 1.0, "m": 60, "h": 3600, "d": 86_400]
    guard let unit = units[String(text.suffix(1))], let number = Double(text.dropLast()),
      (1...1e9).contains(number * unit)
    else {
      throw ValidationError(
        "\(option): found \"\(text)\", expected a time such as 90s or 2h, from 1s to 10000d")
    }
    return .seconds(number * unit)
  }

  func run() throws {
    let simulation = try SweepSimulation(sweep.request, try options)
    TerminalText.show(json ? simulation.json : simulation.text)
  }
}
