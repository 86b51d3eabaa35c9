import ArgumentParser
import Console
import CoordinatorService

/// `coordinator resume-stage`: resumes a paused stage.
struct ResumeStageCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "resume-stage",
    abstract: "Resumes a stage that was paused because its trials failed alike on two hosts."
  ).exiting()

  @OptionGroup var sweep: SweepFolder
  @Argument(help: "The stage's name, as `coordinator status` shows it.", completion: .pausedStages)
  var stage: String

  func run() throws {
    try sweep.change(AdministrationRequest(.resumeStage, stage: stage))
  }
}
