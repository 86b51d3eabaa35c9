import Foundation
import Sweeps
import Trials

/// A request of a person or program about a sweep.
///
/// As JSON, one object in one line: `{"version": 2, "command": "cancel", "trials": ["3f2a"],
/// "reason": "not needed"}`. Keys that a command does not use may be missing.
package struct AdministrationRequest: Codable, Hashable, Sendable {
  /// The kinds of requests.
  package enum Command: String, CaseIterable, Codable, Hashable, Sendable {
    /// The progress of the sweep.
    case status
    /// The state of one trial and its reason.
    case explain
    /// Cancel these trials.
    case cancel
    /// Discard the results of these trials.
    case discard
    /// Retry these trials, or all that failed.
    case retry
    /// Drain a host: it hands back its trials and gets no more.
    case drain
    /// Undrain a host.
    case undrain
    /// Resume a paused stage.
    case resumeStage = "resume-stage"

    /// Whether the request changes nothing.
    package var onlyReads: Bool { self == .status || self == .explain }
  }

  /// The version of requests and replies, which is that of all JSON answers.
  package static let currentVersion = AnswerVersion.current
  /// The longest accepted request, in bytes.
  package static let byteCountMaximum = 64 << 10
  /// The most trials that one request may name.
  package static let trialCountMaximum = 2000

  /// The version of the request.
  package var version = currentVersion
  /// What is asked.
  package var command: Command
  /// Trials, each by the first digits of its name or by values: `latents=10,tolerance=3`.
  package var trials: [String]?
  /// Whether all failed trials are meant.
  package var failed: Bool?
  /// Whether only to report what would change.
  package var preview: Bool?
  /// A host's name.
  package var host: String?
  /// A stage's name.
  package var stage: String?
  /// Why, for people.
  package var reason: String?

  /// A request for a command, with its arguments.
  package init(
    _ command: Command, trials: [String]? = nil, failed: Bool? = nil, preview: Bool? = nil,
    host: String? = nil, stage: String? = nil, reason: String? = nil
  ) {
    self.command = command
    self.trials = trials
    self.failed = failed
    self.preview = preview
    self.host = host
    self.stage = stage
    self.reason = reason
  }

  /// The longest reason, in bytes.
  package static let reasonByteCountMaximum = 4096

  /// What is wrong with a text for the record, such as a reason; nil if it is one line of
  /// reasonable length.
  package static func defect(of text: String) -> String? {
    let expected = "expected one line of at most \(reasonByteCountMaximum) bytes, for the record"
    if text.allSatisfy(\.isWhitespace) { return "found nothing, \(expected)" }
    let count = text.utf8.count
    guard count <= reasonByteCountMaximum else { return "found \(count) bytes, \(expected)" }
    guard PlainText.line(text) == text else {
      return "found \(text.contains(where: \.isNewline) ? "several lines" : "control characters"), "
        + expected
    }
    return nil
  }

  /// Reads a request.
  ///
  /// - Throws: ``AdministrationError`` if the bytes are not a request.
  init(line: some DataProtocol) throws(AdministrationError) {
    let data = Data(line)
    let decoder = JSONDecoder()
    guard let version = try? decoder.decode(AdministrationVersion.self, from: data) else {
      throw AdministrationError("expected a JSON object with \"version\" and \"command\"")
    }
    guard version.version == Self.currentVersion else {
      throw AdministrationError(
        "found version \(version.version), expected \(Self.currentVersion): "
          + "use the commands of the coordinator's own release")
    }
    guard let request = try? decoder.decode(Self.self, from: data) else {
      let commands = Command.allCases.map(\.rawValue).joined(separator: ", ")
      throw AdministrationError("expected a request for one of \(commands)")
    }
    self = request
    guard trials.map({ $0.count <= Self.trialCountMaximum }) ?? true else {
      throw AdministrationError("expected at most \(Self.trialCountMaximum) trials")
    }
  }
}

/// The part of a request that all versions share.
private struct AdministrationVersion: Decodable {
  var version: Int
}

/// Why a request cannot be carried out.
package struct AdministrationError: Error, Hashable, Sendable, CustomStringConvertible {
  package let description: String

  init(_ description: String) { self.description = description }
}
