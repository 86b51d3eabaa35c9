import ArgumentParser
import Console
import CoordinatorService
import Files
import Foundation

/// `coordinator logs`: shows logs of workers and trials.
struct LogsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "logs",
    abstract: "Shows the log of a worker or a trial; without a name, lists the logs.",
    discussion: """
      Works without a coordinator too. A worker's log grows while the worker runs; a trial's arrives \
      when its attempt has ended.
      """
  ).exiting()

  @Argument(help: "The folder given to `coordinator run --out`.", completion: .sweepFolder)
  var folder: Folder

  @Argument(
    help: ArgumentHelp(
      "The beginning of a worker's name, or a trial as in `explain`.", valueName: "name"),
    completion: .logs)
  var name: String?

  @Option(help: "The attempt at the trial; by default the latest one with a log.")
  var attempt: Int?

  @Option(help: ArgumentHelp("Only so many lines from the end.", valueName: "lines"))
  var tail: Int?

  @Flag(help: "Shows new lines until no coordinator runs the sweep.")
  var follow = false

  func validate() throws {
    if let tail, !(0...1_000_000_000).contains(tail) {
      throw ValidationError("--tail: found \(tail), expected 0 to 1000000000 lines")
    }
    if let attempt, !(1...Int(Int32.max)).contains(attempt) {
      throw ValidationError("--attempt: found \(attempt), expected 1 to \(Int32.max)")
    }
    guard name != nil || (attempt == nil && tail == nil && !follow) else {
      throw ValidationError("--attempt, --tail and --follow need the name of a worker or trial")
    }
  }

  func run() throws {
    let logs = SweepLogs(folder.url)
    guard let name else { return TerminalText.show(try logs.text) }
    var log = try logs.log(of: name, attempt: attempt)
    if let note = log.note { say(note) }
    while follow, log.files.isEmpty, log.mayGrow {
      Thread.sleep(forTimeInterval: 0.5)
      log = try logs.log(of: name, attempt: attempt)
    }
    guard let last = log.files.last else { throw ExitCode(.failed) }
    var text = Data()
    for url in log.files.dropLast() {
      text += try WholeFile.read(url)
    }
    let file = try FileError.wording("read", last) {
      let file = try RegularFile.reading(last)
      text += try file.readToEnd() ?? Data()
      return file
    }
    if let tail { text = Self.lastLines(tail, of: text) }
    var stream = TerminalStream()
    guard StandardStreams.write(stream.take(text)) else { throw ExitCode(.failed) }
    guard follow, log.mayGrow else { return }
    try show(last, from: file, in: &stream, while: { try logs.isRunning })
  }

  /// Shows what is appended to an open file, also after log rotation.
  private func show(
    _ url: URL, from open: FileHandle, in stream: inout TerminalStream,
    while goesOn: () throws -> Bool
  ) throws {
    var file = open
    while true {
      let isLast = try !goesOn()
      if let more = try file.readToEnd(), !more.isEmpty {
        guard StandardStreams.write(stream.take(more)) else { throw ExitCode(.failed) }
      }
      if isLast { return }
      if Self.number(ofFile: url.path) != Self.number(of: file),
        let next = try? RegularFile.reading(url)
      {
        file = next
        continue
      }
      Thread.sleep(forTimeInterval: 0.3)
    }
  }

  private static func number(ofFile path: String) -> UInt64? {
    var status = stat()
    return stat(path, &status) == 0 ? UInt64(status.st_ino) : nil
  }

  private static func number(of file: FileHandle) -> UInt64? {
    var status = stat()
    return fstat(file.fileDescriptor, &status) == 0 ? UInt64(status.st_ino) : nil
  }

  private static func lastLines(_ count: Int, of text: Data) -> Data {
    let lines = text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    let ended = lines.last?.isEmpty == true ? lines.dropLast() : lines[...]
    return Data(ended.suffix(count).map { $0 + [UInt8(ascii: "\n")] }.joined())
  }

  private func say(_ text: String) {
    TerminalText.tell("\(text)\n")
  }
}
