import ArgumentParser
import Console
import CoordinatorService
import Foundation

/// The sweep that a command is about, and how it answers.
struct SweepFolder: ParsableArguments {
  @Argument(help: "The folder given to `coordinator run --out`.")
  var folder: Folder

  @Flag(help: "Answers in JSON.")
  var json = false

  var url: URL { folder.url }

  /// Asks, and prints the answer as JSON or as text.
  func answer(
    _ request: AdministrationRequest, text: (AdministrationReply) -> String?
  ) throws {
    let reply = try Administration.perform(request, in: url)
    TerminalText.show(json ? reply.json : text(reply) ?? "")
  }

  /// Asks for a change and prints what was changed, a line each.
  func change(_ request: AdministrationRequest) throws {
    try answer(request) { ($0.changes ?? []).map { "\($0)\n" }.joined() }
  }
}
