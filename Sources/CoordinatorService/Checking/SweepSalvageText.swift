import Files
import Foundation
import Sweeps
import Trials

extension SweepSalvage {
  /// `58 of 60 results proved and kept, 2 lost`, counting the results that the record mentions.
  var words: String {
    let traceCount = keptCount + lost.count
    return "\(keptCount) of \(traceCount) results proved and kept"
      + (lost.isEmpty ? "" : ", \(lost.count) lost")
  }

  /// The outcome for people, ending with a line break.
  package var text: String {
    var lines = [
      "\(sweep): salvaged from \(origin) into \(target)", words,
      isDatabaseSound
        ? "the database is sound: nothing that counted is lost with the log of results"
        : "the database is damaged: the results are those of the log of results",
      "\(blobCount) blobs sound and kept",
    ]
    if isPlannedFromFile {
      lines.append("the plan in the record is lost: the sweep file says what was planned")
    }
    lines += table("lost results", ["trial", "stage", "why"], lost.map(\.cells))
    if !damage.isEmpty {
      lines += ["", "damage; it may have been of results of other trials as well"]
      lines += damage.map { "  \($0)" }
    }
    lines += table("lost files of kept results", ["trial", "file", "why"], lostFiles.map(\.cells))
    if !lostFiles.isEmpty {
      lines.append(
        "their numbers are safe; `coordinator check \(ShellWord.path(target))` says how the files come back"
      )
    }
    if unplannedCount > 0 {
      lines.append(
        "\(unplannedCount) results of trials that are no longer planned were left behind")
    }
    lines += notes
    lines.append("")
    let openCount = trialCount - keptCount
    if openCount == 0 {
      lines.append("every trial has its result: nothing needs to be run again")
    } else {
      lines.append(
        "\(openCount) trials are to be run: \(lost.count) whose results are lost, "
          + "\(untraced.count) of whose results there is no trace")
    }
    lines.append(
      "next: coordinator run SWEEP --out \(ShellWord.path(target)), with the sweep file of \(origin)"
    )
    return lines.joined(separator: "\n") + "\n"
  }

  private func table(_ title: String, _ heading: [String], _ rows: [[String]]) -> [String] {
    guard !rows.isEmpty else { return [] }
    return ["", title]
      + TextTable.lines([heading] + rows, leftAligned: [0, 1, 2]).map { "  \($0)" }
  }

  /// The outcome as JSON.
  package var json: String { AnswerJSON.text(self) }
}

extension SweepSalvage.LostResult {
  fileprivate var cells: [String] { [trial, stage, reason] }
}

extension SweepSalvage.LostFile {
  fileprivate var cells: [String] { [trial, file, found] }
}
