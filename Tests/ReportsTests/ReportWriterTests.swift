import Digests
import Foundation
import TestSupport
import Testing
import Trials

@testable import Reports

extension TemporaryFolder {
  /// All files of a folder with their bytes, except the ledger.
  func files() throws -> [String: Data] {
    var files: [String: Data] = [:]
    for path in try FileManager.default.subpathsOfDirectory(
      atPath: url.path(percentEncoded: false))
    {
      if let data = try? Data(contentsOf: url.appending(path: path)) { files[path] = data }
    }
    files[OutputLedger.name] = nil
    return files
  }
}

@Suite("Writing reports")
struct ReportWriterTests {
  let directory: TemporaryFolder

  init() throws { directory = try TemporaryFolder() }

  private func sweep(complete: Int, outputs: [SweepOutput] = SweepOutput.allCases) -> SampleSweep {
    var sweep = FrontTests.sweep(tolerances: [3, 10, 30])
    sweep.results.plan.outputs = outputs
    for index in 0..<complete {
      sweep.complete(index, gatesOpen: [32, 27 - 10 * index], mse: 2.5)
    }
    return sweep
  }

  /// The error for Table I without a measured tolerance.
  private static let emptyTable = ReportError.empty(
    path: "table1",
    reason: "no rows: Table I has one for each run whose tolerance a baseline measures, and no "
      + "stage of this sweep says `tolerance: STAGE.mse`")

  private func write(_ sweep: SampleSweep) -> ReportWriter.Outcome {
    var writer = ReportWriter(directory: directory.url, load: sweep.load)
    return writer.write(sweep.results)
  }

  @Test("The plan's outputs decide which figures and tables there are")
  func outputs() throws {
    let sweep = sweep(complete: 1, outputs: [.figure3])
    #expect(write(sweep).problems == [])
    let id = sweep.results.trials[0].planned.id
    #expect(
      try directory.files().keys.sorted() == [
        "PARTIAL", "figure3.csv", "figure3.json", "figure3.svg", "figure3.tex", "provenance.csv",
        "report.html", "trajectories/\(id).csv", "trials.csv", "trials.json",
      ])
  }

  @Test("At the end every requested file exists and nothing is marked partial")
  func complete() throws {
    #expect(write(sweep(complete: 1)).problems == [Self.emptyTable])
    let partial = try directory.files()
    #expect(
      partial["PARTIAL"].map { String(decoding: $0, as: UTF8.self) }
        == "partial: 1 of 3 trials complete, 0 running, 2 waiting, 0 without result\n")

    let sweep = sweep(complete: 3)
    let outcome = write(sweep)
    #expect(outcome.problems == [Self.emptyTable])
    let ids = sweep.results.trials.map(\.planned.id)
    let files = try directory.files()
    #expect(
      Set(files.keys)
        == Set(
          [
            "figure1.svg", "figure1.tex", "figure2.svg", "figure3.csv", "figure3.json",
            "figure3.svg",
            "figure3.tex",
            "gates.csv", "gates.json", "latents.csv", "latents.json", "provenance.csv",
            "report.html", "table1.csv",
            "table1.json", "table1.md", "table1.tex",
            "trials.csv", "trials.json",
          ] + ids.map { "trajectories/\($0).csv" } + ids.map { "figure2/\($0).png" }))
    for (name, data) in files where !name.hasSuffix(".png") {
      #expect(!String(decoding: data, as: UTF8.self).contains("partial"), "\(name)")
    }
    let models = outcome.copies.filter { $0.artifact.kind == .model }
    #expect(models.map(\.path) == ids.map { "models/\($0).safetensors" })
    // The first trial does not state the number.
    let logs = outcome.copies.filter { $0.artifact.kind == .log }
    #expect(logs.map(\.path) == ids.dropFirst().map { "logs/\($0).1.txt" })
    #expect(models.count + logs.count == outcome.copies.count)
  }

  @Test("The same results give the same bytes, and unchanged files are not touched")
  func stable() throws {
    #expect(!write(sweep(complete: 2)).written.isEmpty)
    let first = try directory.files()
    #expect(write(sweep(complete: 2)).written == [])
    #expect(try directory.files() == first)

    let other = try TemporaryFolder()
    let again = sweep(complete: 2)
    var writer = ReportWriter(directory: other.url, load: again.load)
    _ = writer.write(again.results)
    #expect(try other.files() == first)
  }

  @Test("A writer that follows a growing sweep writes the same files as a new writer")
  func incremental() throws {
    let final = sweep(complete: 3)
    var writer = ReportWriter(directory: directory.url, load: final.load)
    for count in 0...3 { _ = writer.write(sweep(complete: count).results) }
    let other = try TemporaryFolder()
    var fresh = ReportWriter(directory: other.url, load: final.load)
    _ = fresh.write(final.results)
    #expect(try directory.files() == other.files())
  }

  @Test("A writer that is told which trials changed writes the same files as a new writer")
  func changed() throws {
    var sweep = sweep(complete: 0)
    for trial in Table1Tests.sweep().results.trials { sweep.results.trials.append(trial) }
    sweep.results.plan.trials = sweep.results.trials.map(\.planned)
    var files = sweep.load
    var writer = ReportWriter(directory: directory.url) { try files($0) }
    _ = writer.write(sweep.results)
    // A child's row has its parent's numbers, though only the parent has changed.
    for place in sweep.results.trials.indices {
      sweep.results.trials[place].status = .running
      sweep.results.trials[place].worker = "host-1"
      try expectFresh(writer.write(sweep.results, changed: [place]), sweep)
      sweep.complete(place, gatesOpen: [9, 9], mse: 2.5)
      files = sweep.load
      try expectFresh(writer.write(sweep.results, changed: [place]), sweep)
    }
    // A discarded result that was computed again since the last round.
    sweep.slowDown(0)
    files = sweep.load
    try expectFresh(writer.write(sweep.results, changed: [0]), sweep)
    sweep.results.trials[0].result = nil
    sweep.results.trials[0].status = .waiting
    _ = writer.write(sweep.results, changed: [0])
    #expect(
      try String(contentsOf: directory.url.appending(path: "trials.csv"), encoding: .utf8)
        == String(decoding: WholeTables(of: sweep.results).csv, as: UTF8.self))
  }

  /// Compares the directory with what a writer makes that knows nothing beforehand.
  private func expectFresh(_ outcome: ReportWriter.Outcome, _ sweep: SampleSweep) throws {
    let other = try TemporaryFolder()
    var fresh = ReportWriter(directory: other.url, load: sweep.load)
    _ = fresh.write(sweep.results)
    #expect(try directory.files() == other.files())
    var judge = ReportWriter(directory: nil, load: sweep.load)
    let made = judge.write(sweep.results).made
    #expect(
      try Dictionary(uniqueKeysWithValues: made.map { ($0.path, $0.digest) })
        == other.files().mapValues { Digest.of($0) })
  }

  @Test("A digest that could not be recorded is recorded at the next clean-up")
  func torn() throws {
    let file = directory.url.appending(path: OutputLedger.name)
    try FileManager.default.createDirectory(at: file, withIntermediateDirectories: true)
    var ledger = OutputLedger(in: directory.url)
    let digest = Digest.of("a")
    ledger.note("a", digest)
    try FileManager.default.removeItem(at: file)
    ledger.tidy()
    #expect(OutputLedger(in: directory.url).contains("a", digest))
  }

  @Test(
    "Many files are synced together, and a file that cannot be written does not affect the others")
  func together() throws {
    var round = ReportRound(directory: directory.url, ledger: OutputLedger(in: directory.url))
    let files: [(path: String, data: Data)] = (0..<40).map {
      ("trajectories/\($0).csv", Data("\($0)".utf8))
    }
    let obstacle = directory.url.appending(path: "trajectories/7.csv")
    try FileManager.default.createDirectory(at: obstacle, withIntermediateDirectories: true)
    try Data("8".utf8).write(to: directory.url.appending(path: "trajectories/8.csv"))
    let isPlaced = round.put(files)
    #expect(isPlaced == (0..<40).map { $0 != 7 })
    #expect(round.outcome.problems.count == 1)
    #expect(!round.outcome.written.contains("trajectories/8.csv"))
    let written = try directory.files()
    for (path, data) in files where path != "trajectories/7.csv" { #expect(written[path] == data) }
    let ledger = OutputLedger(in: directory.url)
    #expect(files.allSatisfy { ledger.contains($0.path, Digest.of($0.data)) })
  }

  @Test("A file that somebody changes or removes between two rounds is written again")
  func touched() throws {
    let sweep = sweep(complete: 2)
    var writer = ReportWriter(directory: directory.url, load: sweep.load)
    _ = writer.write(sweep.results)
    let before = try directory.files()
    let table = directory.url.appending(path: "trials.csv")
    let size = try Data(contentsOf: table).count
    try Data(repeating: 0, count: size).write(to: table)
    try FileManager.default.removeItem(at: directory.url.appending(path: "trials.json"))
    #expect(writer.write(sweep.results, changed: []).written == ["trials.csv", "trials.json"])
    #expect(try directory.files() == before)
  }

  @Test("Every figure and table names the part of the published images of a set")
  func partialData() throws {
    var sweep = sweep(complete: 0)
    for trial in Table1Tests.sweep().results.trials { sweep.results.trials.append(trial) }
    sweep.results.plan.trials = sweep.results.trials.map(\.planned)
    for index in sweep.results.trials.indices {
      sweep.complete(
        index, gatesOpen: [9, 9], mse: 2.5, imageCounts: (training: 25_000, evaluation: 10_000))
    }
    var writer = ReportWriter(directory: directory.url, load: sweep.load)
    #expect(writer.write(sweep.results).problems == [])
    let files = try directory.files()
    let named = [
      "figure1.svg", "figure2.svg", "figure3.svg", "figure3.csv", "figure3.json", "table1.md",
      "table1.tex", "table1.csv", "table1.json", "trials.csv", "trials.json",
    ]
    for name in named {
      let text = String(decoding: try #require(files[name]), as: UTF8.self)
      #expect(text.contains("35,000 of 70,000 images"), "\(name)")
    }
    for name in ["figure2.svg", "table1.md"] {
      let text = String(decoding: try #require(files[name]), as: UTF8.self)
      #expect(text.contains(name == "table1.md" ? "| Sprites 28×28 (drawn) |" : ": drawn"))
    }
    let table = FrontTable.text(of: sweep.results, counts: writer.counts)
    #expect(table.contains("MNIST (35,000 of 70,000 images), "))
  }

  @Test("Unknown counts and those of the whole set have no remark")
  func counts() {
    var counts = ImageCounts()
    #expect(counts.title(of: .mnist) == "MNIST" && counts.title(of: .shapes64).hasSuffix("(drawn)"))
    for (training, evaluation) in [("-1", "2"), ("x", "2"), ("99999999999999999999", "2")] {
      counts.take(["training_images": training, "evaluation_images": evaluation], of: .mnist)
      #expect(!counts.isKnown(.mnist))
    }
    counts.take(["training_images": "60000", "evaluation_images": "10000"], of: .mnist)
    #expect(counts.isKnown(.mnist) && counts.title(of: .mnist) == "MNIST")
    counts.take(["training_images": "63810", "evaluation_images": "1024"], of: .dsprites)
    #expect(counts.title(of: .dsprites) == "dSprites (64,834 of 737,280 images)")
  }

  @Test("A missing file is reported with its trial's name, and every other report is written")
  func missingArtifact() throws {
    var sweep = sweep(complete: 3)
    let trial = sweep.results.trials[1]
    for artifact in trial.result?.artifacts ?? [] where artifact.kind != .model {
      // Plain images are the same for all trials; without them none has reconstructions.
      sweep.files[artifact.digest] = nil
    }
    let outcome = write(sweep)
    let id = trial.planned.id
    #expect(
      outcome.problems.contains(
        .missingArtifact(trial: id, kind: .trajectory, reason: "no such file")))
    #expect(
      outcome.problems.contains(
        .missingArtifact(trial: id, kind: .reconstructions, reason: "no such file")))
    #expect(Set(outcome.problems).count == outcome.problems.count)
    let files = try directory.files()
    #expect(files["trajectories/\(id).csv"] == nil)
    #expect(files["trials.csv"] != nil)
    #expect(files["figure3.svg"] != nil)
    #expect(files["table1.tex"] != nil)
  }

  @Test("Each file is noted in the format of sha256sum before it gets its name")
  func ledger() throws {
    let complete = sweep(complete: 3, outputs: [.figure3])
    _ = write(sweep(complete: 1, outputs: [.figure3]))
    let first = OutputLedger(in: directory.url)
    #expect(first.contains("PARTIAL"))
    let table = try Data(contentsOf: directory.url.appending(path: "trials.csv"))
    _ = write(complete)
    let last = OutputLedger(in: directory.url)
    #expect(Set(last.paths) == Set(try directory.files().keys))
    for (path, data) in try directory.files() {
      #expect(last.contains(path, Digest.of(data)), "\(path)")
    }
    #expect(!last.contains("trials.csv", Digest.of(table)))
    // A kill between note and rename leaves the old bytes, which are still noted.
    var killed = last
    killed.note("trials.csv", Digest.of(table))
    let read = OutputLedger(in: directory.url)
    #expect(read.contains("trials.csv", Digest.of(table)))
    #expect(read.contains("trials.csv", try Digest.of(#require(directory.files()["trials.csv"]))))
    #expect(!last.contains("trials.csv", Digest.of("")))
    let line = try String(
      contentsOf: directory.url.appending(path: OutputLedger.name), encoding: .utf8
    ).split(separator: "\n")[0]
    #expect(line.prefix(64).allSatisfy(\.isHexDigit) && line.dropFirst(64).hasPrefix("  "))
  }

  @Test("outputs.sha256 has one line per file")
  func tidyLedger() throws {
    var ledger = OutputLedger(in: directory.url)
    for round in 0..<1000 {
      ledger.note("trials.csv", Digest.of("\(round)"))
      ledger.note("figure3.svg", Digest.of("\(round)"))
      ledger.tidy()
    }
    let file = directory.url.appending(path: OutputLedger.name)
    let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
    #expect(lines.count == 2)
    let read = OutputLedger(in: directory.url)
    #expect(read.contains("figure3.svg", Digest.of("999")))
    #expect(!read.contains("figure3.svg", Digest.of("1")))
  }

  @Test("An empty report says why, in the file and once as a problem")
  func nothingToShow() throws {
    let sweep = sweep(complete: 3, outputs: [.table1])
    var writer = ReportWriter(directory: directory.url, load: sweep.load)
    #expect(writer.write(sweep.results).problems == [Self.emptyTable])
    #expect(writer.write(sweep.results).problems == [])
    let files = try directory.files()
    for name in ["table1.md", "table1.json", "table1.tex"] {
      let text = String(decoding: try #require(files[name]), as: UTF8.self)
      #expect(text.lowercased().contains("no rows: table i has one for each run"), "\(name)")
    }

    let baselines = SampleSweep(
      outputs: [.figure1, .figure2, .figure3],
      trials: [
        PlannedTrial(
          stage: "baseline", replicate: 0,
          configuration: SampleSweep.configuration(tolerance: .value(0)))
      ])
    #expect(
      write(baselines).problems.map(\.description)
        == ["figure1", "figure2", "figure3"].map {
          "\($0): nothing to show: no trial of this sweep narrows, all have tolerance 0"
        })
  }

  @Test("A malformed file is reported with trial, file and place")
  func malformedArtifact() throws {
    var sweep = sweep(complete: 1, outputs: [.figure3])
    let trial = sweep.results.trials[0]
    let artifact = try #require(trial.result?.artifacts.first { $0.kind == .pace })
    sweep.files[artifact.digest] = Data("step,seconds\n".utf8)
    let problems = write(sweep).problems
    #expect(
      problems == [
        .malformedArtifact(
          trial: trial.planned.id, kind: .pace, place: "line 1", found: "step,seconds",
          expected: "step,seconds,steps_per_second")
      ])
  }

  @Test("An unwritable path is reported and does not trap")
  func unwritable() throws {
    let blocker = directory.url.appending(path: "file")
    try Data().write(to: blocker)
    let sweep = sweep(complete: 1, outputs: [.figure1, .figure2, .figure3])
    var writer = ReportWriter(directory: blocker, load: sweep.load)
    let problems = writer.write(sweep.results).problems
    #expect(!problems.isEmpty)
    #expect(
      problems.allSatisfy { problem in
        if case .unwritable = problem { true } else { false }
      })
  }
}
