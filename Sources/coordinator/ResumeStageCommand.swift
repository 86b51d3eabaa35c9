import ArgumentParser
import Console
import CoordinatorService

/// `coordinator resume-stage`: a paused stage shall go on.
struct ResumeStageCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "resume-stage",
    abstract: "Lets a stage go on that was paused because its trials died alike on two hosts."
  ).exiting()

  @OptionGroup var sweep: SweepFolder
  @Argument(help: "The stage's name, as `coordinator status` shows it.") var stage: String

  func run() throws {
    try sweep.change(AdministrationRequest(.resumeStage, stage: stage))
  }
}
