import ArgumentParser

/// Why a command ended; the raw value is its exit code.
package enum ExitReason: Int32, CaseIterable, Sendable {
  /// Success.
  case done = 0
  /// An error, or a failed check.
  case failed = 1
  /// A sweep ended, but not all of its trials have results.
  case trialsFailed = 2
  /// The command line is wrong; the number is sysexits' `EX_USAGE`.
  case wrongCommandLine = 64
  /// A person stopped it; the number is that of shells for SIGINT.
  case stopped = 130

  /// The meaning of the code, unless a command states its own.
  package var words: String {
    switch self {
    case .done: "done"
    case .failed: "an error, explained on standard error"
    case .trialsFailed: "the sweep has ended and some trials failed"
    case .wrongCommandLine: "a wrong command line"
    case .stopped: "stopped by a person, to be resumed by the same command"
    }
  }

  /// The codes of every command.
  private static let common: [ExitReason] = [.done, .failed, .wrongCommandLine]

  /// The end of every help text.
  ///
  /// `Exit codes: 0 done; 1 an error, explained on standard error; 64 a wrong command line.`
  ///
  /// - Parameter own: A command's own meanings of codes, in addition to the common ones.
  static func sentence(_ own: [ExitReason: String]) -> String {
    let reasons = allCases.filter { common.contains($0) || own[$0] != nil }
    return "Exit codes: "
      + reasons.map { "\($0.rawValue) \(own[$0] ?? $0.words)" }.joined(separator: "; ") + "."
  }
}

extension CommandConfiguration {
  /// The same configuration, with the exit codes at the end of the help.
  ///
  /// - Parameter own: This command's own meanings of codes, in addition to the common ones.
  package func exiting(_ own: [ExitReason: String] = [:]) -> CommandConfiguration {
    var configuration = self
    configuration.discussion +=
      (discussion.isEmpty ? "" : "\n\n") + ExitReason.sentence(own)
    return configuration
  }
}

extension ExitCode {
  /// The exit code of a reason.
  package init(_ reason: ExitReason) { self.init(reason.rawValue) }
}
