import Foundation

/// What a doctor found on a host, line by line.
package struct Checkup: Codable, Sendable {
  /// One thing that was looked at.
  package struct Finding: Codable, Hashable, Sendable {
    /// How it stands.
    package enum Level: String, Codable, Sendable {
      /// As it should be.
      case ok
      /// It works; somebody should see to it.
      case warning
      /// It does not work.
      case fault
    }

    /// How it stands.
    package var level: Level
    /// What was looked at, in a word or two.
    package var topic: String
    /// What was found.
    package var found: String
    /// What to do about it; nil when all is well.
    package var remedy: String?
  }

  /// The lines, in the order of looking.
  package private(set) var findings: [Finding] = []

  package init() {}

  /// Notes that something is as it should be.
  package mutating func ok(_ topic: String, _ found: String) {
    findings.append(Finding(level: .ok, topic: topic, found: found))
  }

  /// Notes that something works, and should be seen to.
  package mutating func warn(_ topic: String, _ found: String, remedy: String) {
    findings.append(Finding(level: .warning, topic: topic, found: found, remedy: remedy))
  }

  /// Notes that something does not work.
  package mutating func fault(_ topic: String, _ found: String, remedy: String) {
    findings.append(Finding(level: .fault, topic: topic, found: found, remedy: remedy))
  }

  /// Whether nothing is at fault.
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

  /// The findings as a JSON array.
  package var json: String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    guard let data = try? encoder.encode(findings) else {
      preconditionFailure("findings are texts")
    }
    return String(decoding: data, as: UTF8.self) + "\n"
  }
}
