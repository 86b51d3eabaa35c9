import ArgumentParser
import Console
import DashboardService
import Files
import Foundation
import Trials

@main
enum Main {
  static func main() async {
    StandardStreams.secure()
    ConsoleLog.bootstrap()
    await DashboardCommand.mainInWords()
  }
}

/// `dashboard`: shows running and ended sweeps in a browser.
struct DashboardCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dashboard",
    abstract: "Shows sweeps in a browser: progress, the front, every trial, hosts, the log.",
    discussion: """
      Reads the record through a connection that cannot write and asks the coordinator, if one \
      runs, for what is live, so that no browser ever delays a sweep.
      At a loopback address everybody on this machine may look; at any other, and with --control, \
      a page asks for a token once. /metrics is for Prometheus, which may send the token as \
      `Authorization: Bearer`.
      Exit codes: 0 ended by Ctrl-C or SIGTERM; 1 an error, explained on standard error; 64 a \
      wrong command line.
      """,
    version: ProductVersion.current)

  @Argument(
    help: ArgumentHelp("Folders given to `coordinator run --out`.", valueName: "dir"),
    completion: .sweepFolder)
  var folders: [Folder]

  @Option(
    help: ArgumentHelp(
      "Where to listen; port 0 takes any that is free.", valueName: "host:port"),
    transform: Self.address)
  var listen = ListenAddress.standard

  @Flag(help: "Lets pages cancel, retry, drain and resume, as the commands do.")
  var control = false

  @Flag(help: "Asks for the token at a loopback address, too.")
  var token = false

  @Option(
    help: ArgumentHelp(
      "File of the token, made where it is missing.",
      discussion: "Without it: dashboard.token in ~/.config/bottlenecksweep.", valueName: "file"))
  var tokenFile: FileArgument?

  @Flag(
    help: ArgumentHelp(
      "Ends when standard input does; takes any free port where its own is taken.",
      visibility: .hidden))
  var supervised = false

  private static func address(_ text: String) throws -> ListenAddress {
    guard let address = ListenAddress(text) else {
      throw ValidationError("found \(text), expected HOST:PORT, such as 127.0.0.1:8080")
    }
    return address
  }

  func validate() throws {
    guard !folders.isEmpty, folders.count <= 64 else {
      throw ValidationError("found \(folders.count) folders, expected 1 to 64")
    }
  }

  func run() async throws {
    // Each of the server's threads has files of its own.
    let threads = ProcessInfo.processInfo.activeProcessorCount
    try OpenFileLimit.require(OpenFileLimit.least + 4 * threads)
    try await DashboardServer.run(
      DashboardServer.Options(
        folders: folders.map(\.url), address: listen, allowsControl: control,
        needsToken: token || tokenFile != nil, tokenFile: tokenFile?.url,
        isSupervised: supervised)
    ) { lines in
      _ = StandardStreams.write(Data(TerminalText.lines(lines + "\n").utf8))
    }
  }
}
