import ArgumentParser
import Console
import Trials

@main
enum Main {
  static func main() {
    StandardStreams.secure()
    ConsoleLog.bootstrap()
    WorkerCommand.mainInWords()
  }
}

/// `worker`: trains the trials that a coordinator hands out.
struct WorkerCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "worker",
    abstract: "Trains the trials that a coordinator hands out.",
    discussion: """
      `worker --connect ENDPOINT` joins a coordinator (its options: `worker join --help`); \
      `worker trial CONFIG` runs one trial alone; `worker enroll` makes this host known to a \
      coordinator.
      """,
    version: ProductVersion.current,
    subcommands: [
      JoinCommand.self, TrialCommand.self, EnrollCommand.self, KeyCommand.self, TrustCommand.self,
      DoctorCommand.self,
    ],
    defaultSubcommand: JoinCommand.self
  ).exiting()
}
