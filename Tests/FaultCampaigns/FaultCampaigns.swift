import ArgumentParser

/// `fault-campaigns`: real coordinators and workers that meet kills, silence and attacks.
@main
struct FaultCampaigns: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fault-campaigns",
    abstract: "Kills, stops and attacks real coordinators and workers, and judges what came of it.",
    discussion: """
      The processes are the `coordinator` and `worker` beside this executable; each campaign has a \
      folder of its own, which goes with it. Exit code 1 if a bound is missed.
      """,
    subcommands: [SoakCommand.self, DetectionCommand.self, HostileCommand.self])
}
