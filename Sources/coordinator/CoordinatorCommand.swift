import ArgumentParser
import Console
import Trials

@main
enum Main {
  static func main() {
    StandardStreams.secure()
    ConsoleLog.bootstrap()
    CoordinatorCommand.mainInWords()
  }
}

/// `coordinator`: plans, runs and reports sweeps.
struct CoordinatorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "coordinator",
    abstract: "Farms the trials of a sweep out to workers and collects their results.",
    version: ProductVersion.current,
    subcommands: [
      RunCommand.self, PlanCommand.self, SimulateCommand.self, StatusCommand.self,
      WatchCommand.self,
      ExplainCommand.self, LogsCommand.self,
      CancelCommand.self, DiscardCommand.self, RetryCommand.self, DrainCommand.self,
      UndrainCommand.self,
      ResumeStageCommand.self, CheckCommand.self, ReportCommand.self, CompareCommand.self,
      DataCommand.self,
      SettingsCommand.self, KeyCommand.self, EnrollCommand.self, AdmitCommand.self,
      WorkersCommand.self, RevokeCommand.self, DoctorCommand.self,
    ]
  ).exiting([
    .done: "done; of `run`: the sweep is complete", .trialsFailed: ExitReason.trialsFailed.words,
    .stopped: ExitReason.stopped.words,
  ])
}
