import Foundation
import Glibc
import Testing

/// Discarded results, and trials that depend on them.
@Suite("Discarding results", .serialized)
struct DiscardTests {
  private let bench: Bench

  init() throws { bench = try Bench() }

  private func discard(_ arguments: String...) throws -> (code: Int32, out: String, err: String) {
    let command = try Command(
      Executables.coordinator, ["discard", bench.path("out")] + arguments, on: bench)
    return (try command.exitCode(), command.standardOutput, command.standardError)
  }

  /// The row of `provenance.csv` about a trial.
  private func provenance(_ trial: String) throws -> [String: String] {
    try #require(try bench.table("out/provenance.csv").first { $0["trial"] == trial })
  }

  private func trials(_ stage: String) throws -> [String] {
    var ids: [String] = []
    for row in try bench.table("out/trials.csv") where row["stage"] == stage {
      if let id = row["trial"], !ids.contains(id) { ids.append(id) }
    }
    return ids
  }

  @Test("a discarded baseline and what took its error are computed again, to the same bytes")
  func baseline() throws {
    let sweep = try bench.file("tiny.yaml", Bench.sweep(steps: 30))
    let expected = try bench.complete(sweep, in: "out")
    let (baselines, narrowed) = (try trials("baseline"), try trials("narrowed"))
    try #require(baselines.count == 2 && narrowed.count == 2)
    let untouched = [try provenance(baselines[1]), try provenance(narrowed[1])]
    let model = try Data(
      contentsOf: bench.folder.appending(path: "out/models/\(baselines[0]).safetensors"))

    // Without a terminal the command lists the changes and changes nothing.
    let asked = try discard("stage=baseline,latents=2", "--why", "a broken fan")
    #expect(asked.code == 1)
    #expect(asked.err.contains("the result of trial \(baselines[0]) is discarded"), "\(asked.err)")
    #expect(
      asked.err.contains("trial \(narrowed[0]) depends on it and starts from step 0"),
      "\(asked.err)")
    #expect(!asked.err.contains(baselines[1]) && !asked.err.contains(narrowed[1]))
    #expect(
      asked.err.contains(
        "nothing was changed: the discard was not confirmed; --yes discards without asking"))
    #expect(try bench.run(Executables.coordinator, "report", bench.path("out")).code == 0)
    #expect(try bench.read("out/trials.csv") == expected)

    let agreed = try discard("stage=baseline,latents=2", "--why", "a broken fan", "--yes")
    #expect(agreed.code == 0, "\(agreed.err)")
    #expect(
      agreed.out == """
        the result of trial \(baselines[0]) is discarded and the trial waits again: a broken fan
        trial \(narrowed[0]) depends on it and starts from step 0

        """)

    // Reports omit them until they are computed again.
    let report = try bench.run(Executables.coordinator, "report", bench.path("out"))
    #expect(report.code == 0, "\(report.err)")
    for row in try bench.table("out/trials.csv") {
      let isDiscarded = [baselines[0], narrowed[0]].contains(row["trial"])
      #expect(row["status"] == (isDiscarded ? "waiting" : "complete"))
      #expect((row["mse"] == "") == isDiscarded)
    }
    #expect(try bench.read("out/PARTIAL").contains("2 of 4 trials complete"))
    for name in ["models/\(baselines[0]).safetensors", "trajectories/\(narrowed[0]).csv"] {
      #expect(!bench.exists("out/\(name)"), "\(name)")
    }
    #expect(!bench.exists("out/figure2/\(narrowed[0]).png"))
    #expect(bench.exists("out/figure2/\(narrowed[1]).png"))

    #expect(try bench.complete(sweep, in: "out") == expected)
    #expect(try provenance(baselines[0])["discarded"] == "a broken fan")
    #expect(try provenance(baselines[0])["attempts"] == "2")
    #expect(
      try provenance(narrowed[0])["discarded"]
        == "a result that the trial depends on was discarded: a broken fan")
    #expect(try [provenance(baselines[1]), provenance(narrowed[1])] == untouched)
    #expect(
      try Data(
        contentsOf: bench.folder.appending(path: "out/models/\(baselines[0]).safetensors")) == model
    )
    for id in baselines + narrowed { #expect(bench.exists("out/trajectories/\(id).csv")) }
    for id in narrowed { #expect(bench.exists("out/figure2/\(id).png")) }
    let explained = try bench.run(
      Executables.coordinator, "explain", bench.path("out"), baselines[0])
    #expect(explained.out.contains("its result was discarded: a broken fan"), "\(explained.out)")
    let check = try bench.run(Executables.coordinator, "check", bench.path("out"))
    #expect(check.code == 0, "\(check.out)")
  }

  @Test("in a running sweep trials that use a discarded result are stopped and restarted")
  func running() throws {
    let sweep = try bench.file(
      "one.yaml",
      """
      sweep: one
      question: Does it end as if nothing had happened?
      dataset: sprites28
      model: {channels: [4, 4, 8]}
      trainer: {batch_size: 16, sample_every: 10, reconstruction_count: 2}
      latents: 3
      stages:
        baseline:
          tolerance: 0
          budget: 10 batches
        narrowed:
          tolerance: baseline.mse
          budget: 12000 batches
      """)
    let expected = try bench.complete(sweep, in: "undisturbed", workers: 1)
    let coordinator = try Command(
      Executables.coordinator,
      ["run", sweep, "--out", bench.path("out"), "--listen", "tcp://127.0.0.1:*"], on: bench)
    let worker = try Command(
      Executables.worker,
      ["--connect", try coordinator.endpoint(), "--slots", "1", "--exit-when-idle"], on: bench)
    let ids = try bench.table("undisturbed/trials.csv").compactMap { $0["trial"] }
    try #require(ids.count == 2)
    try wait(for: "the narrowed trial") {
      coordinator.standardError.contains("trial narrowed started on")
    }
    // Both are stopped until the coordinator has written the baseline's files.
    let standing = try worker.holdChildren()
    worker.send(SIGSTOP)
    let file = "out/trajectories/\(ids[0]).csv"
    try wait(for: "the baseline's files") { bench.exists(file) }
    let discarded = try discard(ids[0], "--why", "too warm", "--yes")
    #expect(discarded.code == 0, "\(discarded.err)")
    #expect(discarded.out.contains("trial \(ids[1]) depends on it and starts from step 0"))
    try wait(for: "the reports without the baseline") { !bench.exists(file) }
    worker.send(SIGCONT)
    for child in standing { kill(child, SIGCONT) }

    #expect(try coordinator.exitCode() == 0, "\(coordinator.standardError)")
    #expect(try worker.exitCode() == 0, "\(worker.standardError)")
    #expect(try bench.read("out/trials.csv") == expected)
    #expect(
      coordinator.standardError.contains(
        " (\(ids[0])) is discarded, and the trial waits again: too warm"))
    #expect(try provenance(ids[0])["discarded"] == "too warm")
    for id in ids {
      #expect(bench.exists("out/trajectories/\(id).csv"), "\(id)")
      #expect(bench.exists("out/models/\(id).safetensors"), "\(id)")
    }
    let check = try bench.run(Executables.coordinator, "check", bench.path("out"))
    #expect(check.code == 0, "\(check.out)")
  }

  @Test("a discard without a matching result changes nothing and says why")
  func nothing() throws {
    let sweep = try bench.file("tiny.yaml", Bench.sweep(steps: 20))
    let expected = try bench.complete(sweep, in: "out")
    let record = bench.folder.appending(path: "out/sweep.sqlite")
    let bytes = try Data(contentsOf: record)
    for (trial, complaint) in [
      ("latents=99", "trial \"latents=99\": no such trial in this sweep"),
      ("colour=red", "found \"colour=red\", expected KEY=VALUE with one of the keys"),
      ("nobody", "trial \"nobody\": expected t and the first hexadecimal digits of a trial's name"),
    ] {
      let run = try discard(trial, "--why", "a guess", "--yes")
      #expect(run.code == 1)
      #expect(run.out.isEmpty)
      #expect(run.err.contains(complaint), "\(run.err)")
    }
    let reasonless = try discard("stage=baseline,latents=2", "--yes", "--why", " ")
    #expect(reasonless.code == 64)
    #expect(reasonless.err.contains("--why: found nothing"), "\(reasonless.err)")
    let elsewhere = try bench.run(
      Executables.coordinator, "discard", bench.path("none"), "latents=2", "--why", "a guess",
      "--yes")
    #expect(elsewhere.code == 1)
    #expect(elsewhere.err.contains("no such store"), "\(elsewhere.err)")
    #expect(!bench.exists("none"))
    #expect(try Data(contentsOf: record) == bytes)
    #expect(try bench.read("out/trials.csv") == expected)

    // The second time there is no result.
    let id = try trials("narrowed")[0]
    #expect(try discard(id, "--why", "a guess", "--yes").code == 0)
    let waiting = try Data(contentsOf: record)
    let again = try discard(id, "--why", "a guess", "--yes")
    #expect(again.code == 1)
    #expect(again.err.contains("nothing to discard: trial \(id) is waiting"), "\(again.err)")
    #expect(try Data(contentsOf: record) == waiting)
    #expect(try bench.complete(sweep, in: "out") == expected)
  }
}
