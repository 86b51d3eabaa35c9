import ArgumentParser
import Console
import CoordinatorService

/// `coordinator enroll`: makes a one-time token for a worker's host.
struct EnrollCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "enroll",
    abstract: "Prints the one command that enrols a worker's host, with a token for one use.",
    discussion: """
      A coordinator that listens at the address enrols the worker; then this command ends at once. \
      If none does, this command listens there itself, on the port in --address, until the token \
      is used or has expired. --out takes the address from the coordinator that runs the sweep of \
      that folder, with this host's name if it listens on every address. Anybody with the token \
      can enrol one worker: treat it like a password.
      """
  ).exiting()

  @Option(
    help: ArgumentHelp(
      "Where the worker's host reaches the coordinator: its name or address, and the port of "
        + "`coordinator run --listen`.", valueName: "host:port"))
  var address: String?

  @Option(
    help: ArgumentHelp(
      "The folder of a running sweep, whose coordinator is asked for its address instead.",
      valueName: "dir"), completion: .sweepFolder)
  var out: Folder?

  @Option(help: "The worker's name; by default its host's name.")
  var name: String?

  @Flag(help: "Several hosts may use the key, as in a cluster with a shared home folder.")
  var shared = false

  @Option(help: ArgumentHelp("How long the token can be used.", valueName: "hours"))
  var valid = 24.0

  @Flag(help: "Only prints the command; a later `coordinator run` enrols the worker.")
  var noWait = false

  @OptionGroup var keys: KeysArguments

  func validate() throws {
    _ = try place()
    guard valid > 0, valid <= 8760 else {
      throw ValidationError("--valid: found \(valid), expected more than 0 and at most 8760 hours")
    }
  }

  private func place() throws -> EnrolmentRun.Place {
    switch (address, out) {
    case (let address?, nil): return .address(address)
    case (nil, let out?): return .sweep(out.url)
    default: throw ValidationError("expected either --address or --out")
    }
  }

  func run() throws {
    try EnrolmentRun.perform(
      EnrolmentRun.Options(
        keys: keys.url, name: name, isShared: shared, validity: .seconds(valid * 3600),
        coordinator: try place(), waits: !noWait))
  }
}
