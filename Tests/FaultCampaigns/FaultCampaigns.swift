import ArgumentParser

/// `fault-campaigns`: kills, suspends and attacks real coordinators and workers.
@main
struct FaultCampaigns: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fault-campaigns",
    abstract: "Kills, suspends and attacks real coordinators and workers, and checks the outcome.",
    discussion: """
      The processes run the `coordinator` and `worker` beside this executable. Each campaign \
      works in a temporary folder, which it deletes. Exit code 1 if a bound is missed.
      """,
    subcommands: [SoakCommand.self, DetectionCommand.self, HostileCommand.self])
}
