import ArgumentParser

/// Why a command ended, as its exit code says it to scripts.
package enum ExitReason: Int32, CaseIterable, Sendable {
  /// What was asked for is done, and well.
  case done = 0
  /// There was an error, or what was looked at is not sound.
  case failed = 1
  /// A sweep has ended, and not all of its trials have results.
  case trialsFailed = 2
  /// The command line cannot be understood; the number is sysexits' `EX_USAGE`.
  case wrongCommandLine = 64
  /// A person stopped it; the number is a shell's for SIGINT.
  case stopped = 130

  /// What the code means where a command does not say it better.
  package var words: String {
    switch self {
    case .done: "done"
    case .failed: "an error, explained on standard error"
    case .trialsFailed: "the sweep has ended and some trials failed"
    case .wrongCommandLine: "a wrong command line"
    case .stopped: "stopped by a person, to be resumed by the same command"
    }
  }

  /// The codes that every command can exit with.
  private static let common: [ExitReason] = [.done, .failed, .wrongCommandLine]

  /// What every help ends with.
  ///
  /// `Exit codes: 0 done; 1 an error, explained on standard error; 64 a wrong command line.`
  ///
  /// - Parameter own: What codes mean to a command, beside those that every one has.
  static func sentence(_ own: [ExitReason: String]) -> String {
    let reasons = allCases.filter { common.contains($0) || own[$0] != nil }
    return "Exit codes: "
      + reasons.map { "\($0.rawValue) \(own[$0] ?? $0.words)" }.joined(separator: "; ") + "."
  }
}

extension CommandConfiguration {
  /// The same configuration, whose help ends with what the exit codes mean.
  ///
  /// - Parameter own: What codes mean to this command, beside those that every one has.
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
