import Foundation
import Testing

/// The rehearsals' evaluation of logs, on prepared logs.
@Suite("Evaluation of rehearsal logs")
struct JudgeTests {
  private let bench: Bench

  init() throws { bench = try Bench() }

  /// Runs a function of `Tests/Cluster/judge.sh`; its lines.
  private func judge(_ words: String...) throws -> [String] {
    let run = try Command(
      URL(filePath: "/bin/bash"),
      [
        "-c", #"TZ=UTC0; export TZ; set -euo pipefail; . "$0"; "$@""#,
        Executables.rig("judge.sh").path,
      ] + words, on: bench)
    try #require(try run.exitCode() == 0, "\(run.standardError)")
    return run.standardOutput.split(separator: "\n").map(String.init)
  }

  @Test("only a partition of the worker's own host explains a loss, also after midnight")
  func losses() throws {
    func lost(_ time: String, _ host: String, silentFor seconds: Int) -> String {
      "\(time) coordinator: WARNING: worker \(host)-17-abc is lost, silent for \(seconds) s; "
        + "other workers get its trials"
    }
    let begin = 1_769_903_940  // 2026-01-31 23:59:00 UTC
    let partitions = try bench.file(
      "partitions",
      """
      v1 both \(begin + 10) \(begin + 70) whole
      v2 in \(begin + 72) \(begin + 132) whole

      """)
    let due = [
      lost("23:59:48", "v1", silentFor: 38),  // in the partition
      lost("00:00:20", "v1", silentFor: 40),  // silent since the partition, which has ended
      lost("00:01:00", "v2", silentFor: 40),
    ]
    let undue = [
      lost("23:59:05", "v1", silentFor: 40),  // before it
      lost("00:01:00", "v1", silentFor: 40),  // heard again after it
      lost("00:00:40", "v1", silentFor: 3),  // in v2's partition
      lost("23:59:30", "v2", silentFor: 40),  // in v1's
      lost("00:00:30", "v3", silentFor: 40),  // never cut off
      lost("23:59:30", "v11", silentFor: 20),  // another host than v1
    ]
    let other = "23:59:31 coordinator: trial 0123456789abcdef started on v3-17-abc"
    let log = try bench.file("log", (due + undue + [other]).joined(separator: "\n") + "\n")
    #expect(try judge("losses_undue", log, "2026-01-31 23:59:00", partitions) == undue)
  }

  @Test(
    "the resumption of a trial that was handed back before midnight is found after it, in another job's log"
  )
  func handedBack() throws {
    let first = try bench.file(
      "bottlenecksweep-0.log",
      """
      2026-12-31 23:57:00 job 2 on node, start 0
      23:57:01 worker: trial 00000000000000aa starts, attempt 1
      23:58:00 worker: trial 00000000000000aa finished
      23:58:01 worker: trial 00000000000000bb starts, attempt 1
      2026-12-31 23:59:30 time ends; queued again
      2027-01-01 00:01:10 job 2 on node, start 1
      00:01:12 worker: trial 00000000000000cc starts, attempt 1

      """)
    let second = try bench.file(
      "bottlenecksweep-1.log",
      """
      2026-12-31 23:50:00 job 3 on node, start 0
      23:50:10 worker: trial 00000000000000bb resumes from step 7
      00:00:05 worker: trial 00000000000000bb resumes from step 400
      00:00:20 worker: trial 00000000000000bb resumes from step 500

      """)
    let ends = try judge("handed_back", first, second)
    try #require(ends.count == 1)
    let words = ends[0].split(separator: " ").map(String.init)
    #expect(words.count == 3 && words[0] == "00000000000000bb" && words[2] == "23:59:30")
    #expect(try judge("step_after", words[0], words[1], first, second) == ["400"])
    #expect(try judge("step_after", "00000000000000cc", words[1], first, second) == [])
  }
}
