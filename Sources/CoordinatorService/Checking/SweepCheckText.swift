import Foundation
import Trials

extension SweepCheck {
  /// The findings for people, ending with a line break.
  package var text: String {
    var lines = [
      "\(recordCount) records, \(resultCount) results, \(blobCount) blobs and \(outputCount) "
        + "outputs were checked; the log of results has \(loggedResultCount) of the results"
    ]
    for (remedy, findings) in remedies {
      for finding in findings {
        lines.append("\(finding.kind.rawValue.uppercased()) \(finding.place): \(finding.found)")
      }
      lines.append("  \(remedy)")
    }
    lines += notes.map { "note: \($0)" }
    if findings.isEmpty {
      lines.append("all is sound")
    } else if isSound {
      lines.append("nothing is damaged or missing")
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// The findings as JSON.
  package var json: String { AnswerJSON.text(self) }

  /// The findings grouped by remedy, in the order of their first findings.
  private var remedies: [(remedy: String, findings: [Finding])] {
    var remedies: [(remedy: String, findings: [Finding])] = []
    for finding in findings {
      if let index = remedies.firstIndex(where: { $0.remedy == finding.remedy }) {
        remedies[index].findings.append(finding)
      } else {
        remedies.append((finding.remedy, [finding]))
      }
    }
    return remedies
  }
}
