import Foundation
import Trials

/// The findings of `doctor` on a host.
package struct Checkup: Codable, Sendable {
  /// The result of one check.
  package struct Finding: Codable, Hashable, Sendable {
    /// How severe it is.
    package enum Level: String, Codable, Sendable {
      /// No problem.
      case ok
      /// It works but needs attention.
      case warning
      /// It does not work.
      case fault
    }

    /// How severe it is.
    package var level: Level
    /// The subject, in a word or two.
    package var topic: String
    /// What was found.
    package var found: String
    /// What to do about it; nil if there is no problem.
    package var remedy: String?
  }

  /// The findings, in the order of the checks.
  package private(set) var findings: [Finding] = []

  package init() {}

  /// Adds a finding without a problem.
  package mutating func ok(_ topic: String, _ found: String) {
    findings.append(Finding(level: .ok, topic: topic, found: found))
  }

  /// Adds a warning.
  package mutating func warn(_ topic: String, _ found: String, remedy: String) {
    findings.append(Finding(level: .warning, topic: topic, found: found, remedy: remedy))
  }

  /// Adds a fault.
  package mutating func fault(_ topic: String, _ found: String, remedy: String) {
    findings.append(Finding(level: .fault, topic: topic, found: found, remedy: remedy))
  }

  /// Whether there is no fault.
  package var isSound: Bool { !findings.contains { $0.level == .fault } }

  /// A line for each finding, and one below it for each remedy.
  package var text: String {
    let width = findings.map(\.topic.count).max() ?? 0
    return findings.map { finding in
      let level = finding.level.rawValue.padding(toLength: 7, withPad: " ", startingAt: 0)
      let topic = finding.topic.padding(toLength: width, withPad: " ", startingAt: 0)
      let indent = String(repeating: " ", count: 9)
      return "\(level)  \(topic)  \(finding.found)\n"
        + (finding.remedy.map { "\(indent)→ \($0)\n" } ?? "")
    }.joined()
  }

  /// The findings as JSON.
  package var json: String { AnswerJSON.text(self) }
}
