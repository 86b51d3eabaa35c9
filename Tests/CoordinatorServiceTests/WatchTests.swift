import Console
import Coordination
import Digests
import Foundation
import Store
import TestSupport
import Testing
import Trials
import Wire

@testable import CoordinatorService

@Suite("Watching a sweep from elsewhere")
struct WatchTests {
  private func status(running: Int = 2, hosts: Int = 1) -> SweepStatus {
    var status = SweepStatus(
      sweep: "figure3", question: "How few?", isRunning: true, endpoint: "tcp://127.0.0.1:5750")
    status.counts.running = running
    status.counts.waiting = 8
    for number in 0..<running {
      var trial = SweepStatus.Running(
        trial: "t000000000000000\(number)", name: "τ = \(number + 3)", stage: "main", attempt: 1,
        worker: "w0", host: "node0", isClaimed: true)
      trial.step = 1000
      trial.totalSteps = 2000
      trial.mse = 7.9
      status.running.append(trial)
    }
    for number in 0..<hosts {
      var host = SweepStatus.Host(host: "node\(number)")
      (host.workers, host.slots, host.running, host.stepsPerSecond) = (1, 2, 1, 310)
      status.hosts.append(host)
    }
    return status
  }

  /// A record of one complete trial, with tolerance 3 and two of four gates open.
  private func record(in folder: TemporaryFolder) throws -> (WatchedRecord, PlannedTrial) {
    let trials = [3.0, 10].map { tolerance in
      PlannedTrial(
        stage: "narrow", replicate: 0,
        configuration: TrialConfiguration(
          dataset: .mnist, model: ModelSettings(channels: [8, 8, 16], latents: .value(4)),
          tolerance: .value(tolerance), milestones: [.batches(100)], seed: 7))
    }
    let store = try SweepStore.open(
      directory: folder.url,
      plan: SweepPlan(name: "front", question: "How few?", outputs: [], trials: trials),
      sweepText: "name: front\n")
    let result = TrialResult(
      milestones: [
        MilestoneReport(
          budget: .batches(100), tolerance: 3, step: 100, ending: .budget, stateDigest: nil,
          gatesOpen: 2, mse: 2.5, evaluationMSE: 2.75, firstHitStep: 50, multiplier: 0.5,
          openProbabilities: [1, 1, 0, 0])
      ],
      artifacts: [],
      provenance: TrialProvenance(
        configuration: trials[0].configuration, images: .of("images"), host: "node0",
        processor: "p", instructionSet: "avx2", versions: [:], started: "2026-01-02T03:04:05Z",
        seconds: 1, processorSeconds: 1, steps: 100, secondPassShare: 0, peakResidentBytes: 1))
    let worker = WorkerID("w0")
    try store.append([
      .trialLeased(trial: trials[0].id, attempt: 1, worker: worker),
      .resultRecorded(
        trial: trials[0].id, attempt: 1, worker: worker, result: ReceivedResult(result)),
      .hostDrained(host: "node7\u{1B}[2J", reason: "its disk is full"),
    ])
    try store.close()
    return (try WatchedRecord(folder.url), trials[0])
  }

  @Test("shows running trials with their error history, hosts, the front and the latest events")
  func whole() throws {
    let folder = try TemporaryFolder()
    let (record, trial) = try record(in: folder)
    var facts = record.facts(beside: status())
    facts.errors = ["t0000000000000000": [100, 50, 20, 10]]
    let lines = WatchView(status(), facts, in: TerminalSize(columns: 100, rows: 30)).lines
    let text = lines.joined(separator: "\n")
    #expect(text.contains("mse so far"))
    #expect(text.contains("█▆▃▁"))
    #expect(text.contains("host   slots  train  threads  steps/s"))
    #expect(text.contains("open gates by tolerance: MNIST"))
    #expect(lines.contains { $0.hasPrefix("τ 3  ████") && $0.hasSuffix("█ 2") })
    #expect(
      lines.contains { $0.hasSuffix("host node7\u{1B}[2J gets no more trials: its disk is full") })
    #expect(lines.contains { $0.hasSuffix("trial \(trial.id) complete, by w0") })
  }

  @Test("never has more lines than the terminal", arguments: [1, 2, 5, 8, 12, 24, 60])
  func rows(_ rows: Int) throws {
    let folder = try TemporaryFolder()
    let facts = try record(in: folder).0.facts(beside: status())
    let lines = WatchView(
      status(running: 40, hosts: 30), facts, in: TerminalSize(columns: 80, rows: rows)
    ).lines
    #expect(lines.count <= rows)
    #expect(lines[0].hasPrefix("figure3: "))
    // The latest events are shown for any number of trials.
    #expect(lines.contains { $0.contains("gets no more trials") } == (rows >= 8))
  }

  @Test("without a terminal it prints the progress, and each new event once")
  func printed() throws {
    let folder = try TemporaryFolder()
    let (record, trial) = try record(in: folder)
    let facts = record.facts(beside: status())
    var printer = WatchPrinter(interval: .seconds(60))
    #expect(printer.text(status(), WatchFacts()).hasPrefix("figure3: 0 of 10 trials complete"))
    let news = printer.text(status(), facts)
    #expect(news.contains("trial \(trial.id) complete, by w0\n"))
    #expect(!news.contains("figure3"))
    #expect(printer.text(status(), facts) == "")
  }

  @Test("a series is drawn on a logarithmic scale, and gaps stay gaps")
  func sparkline() {
    #expect(Sparkline.text([1, 10, 100, 1000, 1e7], width: 8) == "▁▂▃▄█")
    #expect(Sparkline.text([5, 5], width: 8) == "▁▁")
    #expect(Sparkline.text([1, .nan, 0, 100], width: 8) == "▁  █")
    #expect(Sparkline.text([], width: 8) == "")
    #expect(Sparkline.text((1...1000).map { Double($0) }, width: 8).count == 8)
    #expect(
      WatchedRecord.errors(in: Array("step,squared_error,mse\n1,9,8.5,3\n2,9,nan,3\n3\n".utf8))
        .map(\.description) == ["8.5", "nan", "nan"])
  }
}
