import ArgumentParser
import Console
import Trials

@main
enum Main {
  static func main() {
    StandardStreams.secure()
    ConsoleLog.bootstrap()
    CoordinatorCommand.main()
  }
}

/// `coordinator`: plans, runs and reports sweeps.
struct CoordinatorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "coordinator",
    abstract: "Farms the trials of a sweep out to workers and collects their results.",
    discussion: """
      Exit codes: 0 the sweep is complete; 1 an error, explained on standard error; 2 the sweep \
      has ended and some trials failed; 64 a wrong command line; 130 stopped by a person, to be \
      resumed by the same command.
      """,
    version: ProductVersion.current,
    subcommands: [
      RunCommand.self, PlanCommand.self, SimulateCommand.self, StatusCommand.self,
      WatchCommand.self,
      ExplainCommand.self, LogsCommand.self,
      CancelCommand.self, DiscardCommand.self, RetryCommand.self, DrainCommand.self,
      UndrainCommand.self,
      ResumeStageCommand.self, CheckCommand.self, ReportCommand.self, ExportCommand.self,
      ReproduceCommand.self,
      DataCommand.self,
      SettingsCommand.self, KeyCommand.self, EnrollCommand.self, AdmitCommand.self,
      WorkersCommand.self, RevokeCommand.self, DoctorCommand.self,
    ])
}
