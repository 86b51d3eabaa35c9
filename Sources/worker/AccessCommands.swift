import ArgumentParser
import Console
import WorkerService

/// `worker enroll`: makes this host known to a coordinator, once.
struct EnrollCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "enroll",
    abstract: "Makes this host known to a coordinator; `coordinator enroll` prints the command.",
    discussion: """
      Makes this host's key if there is none, hands it in for the token, and trusts the coordinator \
      that made the token. The token works once.
      """)

  @Argument(help: "The coordinator, such as tcp://host:5750.")
  var endpoint: String

  @Argument(help: "The token that `coordinator enroll` printed.")
  var token: String

  @OptionGroup var keys: KeysArguments

  func run() throws {
    print(try WorkerEnrolment.enroll(endpoint, token: token, in: keys.url), terminator: "")
  }
}

/// `worker key`: this host's public key.
struct KeyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "key",
    abstract: "Prints this host's public key; makes the pair if there is none.")

  @Flag(help: "Makes another pair; it is to be enrolled anew.")
  var new = false

  @OptionGroup var keys: KeysArguments

  func run() throws {
    print(try WorkerEnrolment.key(in: keys.url, renewing: new), terminator: "")
  }
}

/// `worker trust`: trusts a coordinator by its public key.
struct TrustCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "trust",
    abstract: "Trusts the coordinator of a public key, and no other.",
    discussion: "The key is what `coordinator key` prints; `worker enroll` does this too.")

  @Argument(help: "The coordinator's public key.")
  var coordinatorKey: String

  @OptionGroup var keys: KeysArguments

  func run() throws {
    print(try WorkerEnrolment.trust(coordinatorKey, in: keys.url), terminator: "")
  }
}
