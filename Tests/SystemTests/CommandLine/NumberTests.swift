import Foundation
import Testing

/// Numbers of the command line that no option takes.
@Suite("Numbers on the command line")
struct NumberTests {
  private static let whole = ["-9223372036854775808", "9223372036854775807", "-1"]
  private static let fractions = ["1e-300", "1e300", "nan", "inf", "-inf", "0", "-0.0"]

  /// A command, an option of it, and values beyond its bounds.
  struct Case: CustomTestStringConvertible, Sendable {
    var program: URL
    var command: [String]
    var option: String
    var values: [String]

    var testDescription: String {
      "\(program.lastPathComponent) \(command.first ?? "") \(option)"
    }
  }

  private static func worker(_ option: String, _ values: [String] = whole) -> Case {
    Case(
      program: Executables.worker, command: ["--connect", "tcp://127.0.0.1:1"], option: option,
      values: values)
  }

  private static func coordinator(
    _ command: [String], _ option: String, _ values: [String] = whole
  ) -> Case {
    Case(program: Executables.coordinator, command: command, option: option, values: values)
  }

  private static let cases = [
    worker("--leave"), worker("--slots"), worker("--threads-per-slot"), worker("--patience"),
    worker("--drain-grace"), worker("--checkpoint-every", fractions),
    worker("--cache-limit", whole.map { $0 + "GB" }),
    Case(
      program: Executables.worker, command: ["trial", "c.json", "--out", "o"], option: "--threads",
      values: whole),
    Case(
      program: Executables.worker, command: ["trial", "c.json", "--out", "o"],
      option: "--checkpoint-at", values: whole),
    coordinator(["simulate", "s.yaml"], "--hosts"), coordinator(["simulate", "s.yaml"], "--slots"),
    coordinator(["simulate", "s.yaml"], "--speeds", fractions + fractions.map { "1,\($0)" }),
    coordinator(["simulate", "s.yaml"], "--mtbf", fractions.map { $0 + "d" } + ["1e-9s"]),
    coordinator(["simulate", "s.yaml"], "--away", fractions.map { $0 + "d" } + ["1e-9s"]),
    coordinator(["simulate", "s.yaml"], "--seed", ["-1", "18446744073709551616"]),
    coordinator(["run", "s.yaml", "--out", "o"], "--local-workers"),
    coordinator(["logs", "o", "w"], "--tail"), coordinator(["logs", "o", "w"], "--attempt"),
    coordinator(["enroll", "--address", "h:1"], "--valid", fractions),
    coordinator(["data", "show", "mnist"], "--count"),
    Case(
      program: Executables.dashboard, command: ["o"], option: "--listen",
      values: ["h:65536", "h:-1", "h:9223372036854775807"]),
  ]

  @Test("a number out of bounds is a wrong command line, and nothing is computed", arguments: cases)
  func bounds(_ item: Case) throws {
    let bench = try Bench()
    for value in item.values {
      let command = try Command(item.program, item.command + ["\(item.option)=\(value)"], on: bench)
      #expect(try command.exitCode() == 64, "\(value): \(command.standardError)")
      #expect(command.standardError.contains(item.option), "\(command.standardError)")
    }
  }

  @Test("an empty name of a file or folder is a wrong command line, never the current folder")
  func emptyNames() throws {
    let bench = try Bench()
    for (program, arguments) in [
      (Executables.coordinator, ["plan", ""]), (Executables.coordinator, ["simulate", ""]),
      (Executables.coordinator, ["run", "", "--out", "o"]),
      (Executables.coordinator, ["run", "s.yaml", "--out", "o", "--events", ""]),
      (Executables.coordinator, ["check", "o", "--salvage", "n", "--sweep", ""]),
      (Executables.coordinator, ["compare", "a", "b", "--svg", ""]),
      (Executables.coordinator, ["data", "prepare", "mine", "--as", "28x28x1", "--from", ""]),
      (Executables.coordinator, ["data", "prepare", "mnist", "--from", ""]),
      (Executables.coordinator, ["data", "show", "sprites28", "--out", ""]),
      (Executables.worker, ["trial", "", "--out", "o"]),
      (Executables.worker, ["trial", "c", "--out", "o", "--images", ""]),
      (Executables.worker, ["trial", "c", "--out", "o", "--resume", ""]),
      (Executables.dashboard, ["o", "--token-file", ""]),
    ] {
      let command = try Command(program, arguments, on: bench)
      #expect(try command.exitCode() == 64, "\(arguments): \(command.standardError)")
    }
  }
}
