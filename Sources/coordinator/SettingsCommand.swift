import ArgumentParser
import Console
import CoordinatorService

/// `coordinator settings`: lists every key of a sweep file.
struct SettingsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "settings",
    abstract: "Lists every key of a sweep file with its default, range and meaning."
  ).exiting()

  func run() {
    TerminalText.show(PlanReport.settings)
  }
}
