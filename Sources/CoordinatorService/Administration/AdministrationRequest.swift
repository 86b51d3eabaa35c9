import Foundation
import Sweeps

/// What a person, or a program for one, asks of a sweep.
///
/// As JSON, one object in one line: `{"version": 2, "command": "cancel", "trials": ["3f2a"],
/// "reason": "not needed"}`. Keys that a command does not use may be missing.
package struct AdministrationRequest: Codable, Hashable, Sendable {
  /// What can be asked.
  package enum Command: String, CaseIterable, Codable, Hashable, Sendable {
    /// How far the sweep is.
    case status
    /// Why one trial stands where it does.
    case explain
    /// No results of these trials are wanted.
    case cancel
    /// The results of these trials are not believed.
    case discard
    /// Try these trials, or all that failed, again.
    case retry
    /// A host shall hand back what it runs and get nothing more.
    case drain
    /// A drained host may work again.
    case undrain
    /// A paused stage shall go on.
    case resumeStage = "resume-stage"

    /// Whether the sweep is afterwards as before.
    package var onlyReads: Bool { self == .status || self == .explain }
  }

  /// The version of requests and replies that this code speaks, that of all answers in JSON.
  package static let currentVersion = AnswerVersion.current
  /// The longest request taken, in bytes.
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
  /// Whether only to say what would be changed.
  package var preview: Bool?
  /// A host's name.
  package var host: String?
  /// A stage's name.
  package var stage: String?
  /// Why, for people.
  package var reason: String?

  /// A request for a command, with what it needs.
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

  /// Reads a request.
  ///
  /// - Throws: ``AdministrationError`` in words, for any bytes that are none.
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

/// The one part of a request that every version has.
private struct AdministrationVersion: Decodable {
  var version: Int
}

/// Why a request cannot be met, in words.
package struct AdministrationError: Error, Hashable, Sendable, CustomStringConvertible {
  package let description: String

  init(_ description: String) { self.description = description }
}
