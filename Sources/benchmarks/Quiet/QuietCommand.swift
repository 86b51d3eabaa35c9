import ArgumentParser
import Benches
import Foundation
import Narrowing
import Trials

/// `benchmarks quiet`: applies the rule of `until: quiet` to runs recorded without it.
struct QuietCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "quiet",
    abstract: "Where `until: quiet` would have ended recorded runs, and what changed after it.",
    discussion: """
      Reads trials.json and the trajectories of sweeps' folders; writes nothing. Steps between two \
      rows are replaced by the later row, so the resolution is the runs' sample_every; with 1 the \
      answer is exact.
      """)

  @Argument(
    help: "Folders of sweeps without the rule.", completion: .directory)
  var folders: [String]

  @Option(help: "The fewest batches of rest; several are compared.")
  var window: [Int] = [QuietRule.standardWindow]

  @Option(
    help: "Training images, where a sweep had a part of a set; else all of the published set.")
  var images: Int?

  @Option(
    help: """
      A tolerance as a share of each baseline's last error, above 0: tells for baselines alone where \
      they would have shown it to be unreachable, and whether a batch met it later. Several are \
      compared.
      """)
  var share: [Double] = []

  func validate() throws {
    for window in window where !QuietRule.windowRange.contains(window) {
      throw ValidationError(
        "--window: found \(window), expected \(QuietRule.windowRange.lowerBound) to "
          + "\(QuietRule.windowRange.upperBound)")
    }
    for share in share where !(share > 0 && share <= 1e3) {
      throw ValidationError("--share: found \(share), expected a number above 0, at most 1000")
    }
    if let images, !(1...1_000_000_000).contains(images) {
      throw ValidationError("--images: found \(images), expected 1 to 1000000000")
    }
  }

  func run() throws {
    let runs = try folders.flatMap { try RecordedRun.all(in: URL(filePath: $0)) }
    guard !runs.isEmpty else { throw BenchmarkError("no complete trial in \(folders)") }
    guard share.isEmpty else { return try replayBaselines(runs) }
    for window in window {
      let replays = runs.map { run in
        QuietReplay(of: run, rule: QuietRule(window: window), epochSteps: epochSteps(of: run))
      }
      print("window of \(window) batches\n" + Self.table(of: replays))
      print(Self.summary(of: replays) + "\n")
    }
  }

  private func epochSteps(of run: RecordedRun) -> Int {
    max((images ?? run.dataset.expectedTrainingImageCount) / run.settings.batchSize, 1)
  }

  private func replayBaselines(_ runs: [RecordedRun]) throws {
    let baselines = runs.filter { $0.tolerance == 0 }
    guard !baselines.isEmpty else {
      throw BenchmarkError("no complete trial with a tolerance of 0 in \(folders)")
    }
    for window in window {
      var table = TextTable(
        "τ / last error", "baselines", "unreachable", "met later", "steps", "of steps")
      for share in share {
        let replays = baselines.map { run in
          BaselineReplay(
            of: run, share: share, rule: QuietRule(window: window), epochSteps: epochSteps(of: run))
        }
        table.add(
          share.text(3), "\(replays.count)", "\(replays.count { $0.end != nil })",
          "\(replays.count(where: \.isFalse))", "\(replays.reduce(0) { $0 + $1.steps })",
          "\(replays.reduce(0) { $0 + $1.run.lastStep })")
      }
      print("window of \(window) batches\n" + table.text)
    }
  }

  private static func table(of replays: [QuietReplay]) -> String {
    var table = TextTable(
      "trial", "τ", "n", "ending", "since", "at step", "open", "mse", "of steps",
      "open at the end", "mse at the end")
    for replay in replays {
      table.add(
        replay.run.trial, replay.run.tolerance.text(2), "\(replay.row.openProbabilities.count)",
        replay.finding?.ending.word ?? "goes on", replay.finding.map { "\($0.sinceStep)" } ?? "–",
        "\(replay.step)", "\(replay.row.openCount)", replay.row.mse.text(2),
        "\(replay.run.lastStep)",
        "\(replay.run.rows.last?.openCount ?? 0)" + (replay.hasChanged ? " *" : ""),
        (replay.run.rows.last?.mse ?? .nan).text(2))
    }
    return table.text
  }

  /// The number of runs that the rule would have ended, how many of them changed afterwards, and
  /// the steps saved.
  private static func summary(of replays: [QuietReplay]) -> String {
    var lines: [String] = []
    for ending in [ReportEnding.quiet, .oscillating, .unreachable] {
      let ended = replays.filter { $0.finding?.ending == ending }
      guard !ended.isEmpty else { continue }
      let changed = ended.count(where: \.hasChanged)
      lines.append(
        "\(ending.word): \(ended.count) of \(replays.count) runs; \(changed) of them "
          + "(\((100 * Double(changed) / Double(ended.count)).text(1)) %) have another count of open "
          + "gates at their end")
    }
    let taken = replays.reduce(0) { $0 + $1.step }
    let whole = replays.reduce(0) { $0 + $1.run.lastStep }
    lines.append(
      "steps: \(taken) instead of \(whole), "
        + "\((Double(whole) / Double(max(taken, 1))).text(2)) times fewer")
    let interval = Set(replays.map(\.run.settings.sampleEvery)).sorted()
    if interval != [1] {
      lines.append(
        "rows every \(interval.map(String.init).joined(separator: ", ")) steps: what happened "
          + "between two rows is not seen")
    }
    return lines.joined(separator: "\n")
  }
}
