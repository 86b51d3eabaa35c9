import Foundation
import Testing

/// Results of one sweep that another one reuses instead of computing them.
@Suite("Reusing results", .serialized)
struct ReuseTests {
  private let bench: Bench
  private let old: String
  /// The old sweep with one more value on its axis, which adds two trials.
  private let edited: String

  init() throws {
    bench = try Bench()
    old = try bench.file("old.yaml", Bench.sweep(steps: 20))
    edited = try bench.file(
      "edited.yaml", Bench.sweep(steps: 20).replacing("[2, 3]", with: "[2, 3, 4]"))
  }

  private func coordinator(
    _ arguments: String...
  ) throws -> (code: Int32, out: String, err: String) {
    let command = try Command(Executables.coordinator, arguments, on: bench)
    return (try command.exitCode(), command.standardOutput, command.standardError)
  }

  private func run(
    _ sweep: String, in out: String, reuse: String, _ further: String...
  ) throws -> (code: Int32, out: String, err: String) {
    let command = try Command(
      Executables.coordinator,
      [
        "run", sweep, "--out", bench.path(out), "--local-workers", "1", "--reuse",
        bench.path(reuse),
      ] + further, on: bench)
    return (try command.exitCode(), command.standardOutput, command.standardError)
  }

  private func forecast(_ sweep: String, reuse: String) throws -> String {
    let plan = try coordinator("plan", sweep, "--reuse", bench.path(reuse))
    #expect(plan.code == 0, "\(plan.err)")
    return String(plan.out.split(separator: "\n").last ?? "")
  }

  @Test("of an edited sweep only the new trials are computed, and provenance tells of the others")
  func onlyNew() throws {
    let before = try bench.complete(old, in: "a", workers: 1)
    let scratch = try bench.complete(edited, in: "scratch", workers: 1)
    #expect(
      try forecast(edited, reuse: "a")
        .hasPrefix("4 of 6 results would be reused, which saves "))
    #expect(try forecast(old, reuse: "a").hasPrefix("4 of 4 results "))
    #expect(try forecast(old, reuse: "scratch").hasPrefix("4 of 4 results "))

    let second = try run(edited, in: "b", reuse: "a")
    #expect(second.code == 0, "\(second.err)")
    #expect(second.err.contains("took 4 of 6 results over from \(bench.path("a"))"))
    #expect(second.err.split(separator: "\n").count { $0.contains(" started on ") } == 2)
    let rows = try bench.read("b/trials.csv")
    #expect(rows == scratch)
    let lines = Set(rows.split(separator: "\n"))
    for row in before.split(separator: "\n") { #expect(lines.contains(row)) }

    let origins = try bench.table("a/provenance.csv")
    for row in try bench.table("b/provenance.csv") {
      let id = try #require(row["trial"])
      let origin = origins.first { $0["trial"] == id }
      #expect(row["reused_from"] == (origin == nil ? "" : bench.path("a")))
      #expect(row["attempts"] == (origin == nil ? "1" : "0"))
      if let origin {
        // The provenance is that of the original sweep.
        for column in ["host", "versions", "started", "seconds", "model_sha256", "state_sha256"] {
          #expect(row[column] == origin[column], "\(column)")
        }
      }
      #expect(
        FileManager.default.contentsEqual(
          atPath: bench.path("b/models/\(id).safetensors"),
          andPath: bench.path("scratch/models/\(id).safetensors")))
      #expect(
        try bench.trajectory("b/trajectories/\(id).csv")
          == bench.trajectory("scratch/trajectories/\(id).csv"))
    }

    // It no longer needs the other folder, and its results can be reused in turn.
    try FileManager.default.removeItem(atPath: bench.path("a"))
    let check = try coordinator("check", bench.path("b"))
    #expect(check.code == 0, "\(check.out)")
    #expect(try bench.complete(edited, in: "b", workers: 1) == scratch)
    let third = try run(edited, in: "c", reuse: "b")
    #expect(third.code == 0, "\(third.err)")
    #expect(third.err.contains("took 6 of 6 results over from \(bench.path("b"))"))
    #expect(try bench.read("c/trials.csv") == scratch)
  }

  @Test("a discarded result is not reused, and a reused result can be discarded")
  func discarded() throws {
    let expected = try bench.complete(old, in: "a", workers: 1)
    let baseline = try #require(try bench.table("a/trials.csv").first?["trial"])
    #expect(try run(old, in: "b", reuse: "a").code == 0)
    try bench.copy("a", to: "original")
    for folder in ["a", "b"] {
      let discard = try coordinator(
        "discard", bench.path(folder), baseline, "--why", "a guess", "--yes")
      #expect(discard.code == 0, "\(discard.err)")
      #expect(discard.out.split(separator: "\n").count == 2)
    }
    #expect(try forecast(old, reuse: "a").hasPrefix("2 of 4 results "))
    // A discarded result is not reused even from a folder that still has it.
    let again = try run(old, in: "b", reuse: "original")
    #expect(again.code == 0, "\(again.err)")
    #expect(again.err.contains("found no result to take over"), "\(again.err)")
    #expect(try bench.read("b/trials.csv") == expected)
    let row = try bench.table("b/provenance.csv").first { $0["trial"] == baseline }
    #expect(row?["reused_from"] == "" && row?["discarded"] == "a guess")
  }

  @Test("a folder without a sweep's record is reported, and nothing is created")
  func noSweep() throws {
    try FileManager.default.createDirectory(
      atPath: bench.path("empty"), withIntermediateDirectories: true)
    try FileManager.default.createDirectory(
      atPath: bench.path("foreign"), withIntermediateDirectories: true)
    _ = try bench.file("foreign/sweep.sqlite", String(repeating: "no database ", count: 1000))
    _ = try bench.file("file", "no folder")
    for (folder, complaint) in [
      ("nowhere", "nowhere/sweep.sqlite: no such store"),
      ("empty", "empty/sweep.sqlite: no such store"),
      ("foreign", "foreign/sweep.sqlite: found a file that is no database, expected a store"),
      ("file", "file/sweep.sqlite: "),
    ] {
      let run = try run(old, in: "out", reuse: folder)
      #expect(run.code == 1)
      #expect(run.err.contains(complaint), "\(run.err)")
      let plan = try coordinator("plan", old, "--reuse", bench.path(folder))
      #expect(plan.code == 1)
      #expect(plan.err.contains(complaint), "\(plan.err)")
    }
    for name in ["out", "nowhere", "empty/sweep.sqlite", "empty/sweep.lock"] {
      #expect(!bench.exists(name), "\(name)")
    }
    let alone = try coordinator("plan", old, "--reuse-any-build")
    #expect(alone.code == 64)
    #expect(alone.err.contains("--reuse-any-build: expected with --reuse DIR"))
  }

  @Test("results of another configuration or data set are not reused")
  func otherQuestion() throws {
    let expected = try bench.complete(old, in: "a", workers: 1)
    let otherSet = try bench.file(
      "other.yaml",
      Bench.sweep(steps: 20).replacing("sprites28", with: "sprites64").replacing(
        "4, 8]", with: "4, 4, 8]"))
    let none = "results would be reused, which saves 0.0 of "
    #expect(try forecast(otherSet, reuse: "a").hasPrefix("0 of 4 \(none)"))
    let otherQuestion = try bench.file(
      "other.yaml", Bench.sweep(steps: 20).replacing("batch_size: 16", with: "batch_size: 8"))
    #expect(try forecast(otherQuestion, reuse: "a").hasPrefix("0 of 4 \(none)"))
    let scratch = try bench.complete(otherQuestion, in: "scratch", workers: 1)
    let other = try run(otherQuestion, in: "b", reuse: "a")
    #expect(other.code == 0, "\(other.err)")
    #expect(other.err.contains("found no result to take over"), "\(other.err)")
    #expect(try bench.read("b/trials.csv") == scratch)

    // A sweep may be its own source; then there is nothing to do.
    let own = try run(old, in: "a", reuse: "a")
    #expect(own.code == 0, "\(own.err)")
    #expect(own.err.contains("found no result to take over"), "\(own.err)")
    #expect(try bench.read("a/trials.csv") == expected)
  }

  @Test("a damaged record is reported and unchanged; a damaged file makes its trial repeat")
  func damaged() throws {
    let expected = try bench.complete(old, in: "a", workers: 1)
    try bench.copy("a", to: "torn")
    let store = bench.folder.appending(path: "torn/sweep.sqlite")
    var pages = try Data(contentsOf: store)
    for place in stride(from: 4096 * 3, to: pages.count, by: 4096) {
      pages.replaceSubrange(place..<min(place + 2048, pages.count), with: Data(count: 2048))
    }
    try pages.write(to: store)
    for command in [
      ["run", old, "--out", bench.path("out"), "--local-workers", "1"], ["plan", old],
    ] {
      let refused = try Command(
        Executables.coordinator, command + ["--reuse", bench.path("torn")], on: bench)
      #expect(try refused.exitCode() == 1)
      #expect(
        refused.standardError.contains("torn/sweep.sqlite: the store is damaged: "),
        "\(refused.standardError)")
    }
    #expect(!bench.exists("out"))
    #expect(try Data(contentsOf: store) == pages)

    try bench.copy("a", to: "rotten")
    let row = try #require(try bench.table("a/provenance.csv").first)
    let (id, digest) = (try #require(row["trial"]), try #require(row["model_sha256"]))
    let model = "rotten/blobs/\(digest.prefix(2))/\(digest.dropFirst(2))"
    var bytes = try Data(contentsOf: URL(filePath: bench.path(model)))
    bytes[bytes.count / 2] ^= 1
    try bytes.write(to: URL(filePath: bench.path(model)))
    let run = try run(old, in: "out", reuse: "rotten")
    #expect(run.code == 0, "\(run.err)")
    #expect(
      run.err.contains("the result of trial \(id) in \(bench.path("rotten")) is not reused: "),
      "\(run.err)")
    #expect(try bench.read("out/trials.csv") == expected)
    let origins = try bench.table("out/provenance.csv").map { $0["reused_from"] ?? "" }
    // The trial itself, and the one that waits for its error and was not asked about again.
    #expect(origins.count { $0.isEmpty } == 2, "\(origins)")
    let check = try coordinator("check", bench.path("out"))
    #expect(check.code == 0, "\(check.out)")
  }
}
