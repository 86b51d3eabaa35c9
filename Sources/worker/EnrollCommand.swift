import ArgumentParser
import Console
import WorkerService

/// `worker enroll`: makes this host known to a coordinator, once.
struct EnrollCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "enroll",
    abstract: "Makes this host known to a coordinator; `coordinator enroll` prints the command.",
    discussion: """
      Creates this host's key if there is none, enrols it with the token, and trusts the coordinator \
      that made the token. The token works once.
      """
  ).exiting()

  @Argument(help: "The coordinator, such as tcp://host:5750.")
  var endpoint: String

  @Argument(help: "The token that `coordinator enroll` printed.")
  var token: String

  @OptionGroup var keys: KeysArguments

  func run() throws {
    TerminalText.show(try WorkerEnrolment.enroll(endpoint, token: token, in: keys.url))
  }
}
