import ArgumentParser
import Console
import CoordinatorService
import Foundation

/// The reason of a change, which the record keeps.
enum Reason {
  /// Throws a `ValidationError` unless the record takes it.
  static func validate(_ reason: String, option: String) throws {
    if let defect = AdministrationRequest.defect(of: reason) {
      throw ValidationError("\(option): \(defect)")
    }
  }
}

/// The sweep folder and output format of a command.
struct SweepFolder: ParsableArguments {
  @Argument(help: "The folder given to `coordinator run --out`.", completion: .sweepFolder)
  var folder: Folder

  @Flag(help: "Answers in JSON.")
  var json = false

  var url: URL { folder.url }

  /// Sends a request and prints the answer as JSON or as text.
  func answer(
    _ request: AdministrationRequest, text: (AdministrationReply) -> String?
  ) throws {
    let reply = try Administration.perform(request, in: url)
    TerminalText.show(json ? reply.json : text(reply) ?? "")
  }

  /// Sends a changing request and prints the changes, one per line.
  func change(_ request: AdministrationRequest) throws {
    try answer(request) { ($0.changes ?? []).map { "\($0)\n" }.joined() }
  }
}
