import Digests
import Foundation
import Testing
import Trials

/// A simulated sweep.
@Suite("Simulating a sweep")
struct SimulateTests {
  @Test("equal seeds give equal rehearsals, hosts that fail cost time, and nothing is written")
  func rehearsal() throws {
    let bench = try Bench()
    let sweep = try bench.file("tiny.yaml", Bench.sweep(steps: 3_000_000))
    func simulate(_ arguments: String...) throws -> [String: Double] {
      let command = try Command(
        Executables.coordinator, ["simulate", sweep, "--hosts", "2", "--json"] + arguments,
        on: bench)
      #expect(try command.exitCode() == 0, "\(command.standardError)")
      let object = try JSONSerialization.jsonObject(with: Data(command.standardOutput.utf8))
      let values = try #require(object as? [String: Any])
      #expect(values["is_complete"] as? Bool == true)
      return values.compactMapValues { ($0 as? NSNumber)?.doubleValue }
    }
    let calm = try simulate()
    let rough = try simulate("--mtbf", "20m", "--away", "2m", "--seed", "7")
    #expect(rough == (try simulate("--mtbf", "20m", "--away", "2m", "--seed", "7")))
    #expect(calm["host_failures"] == 0)
    #expect(rough["host_failures"] ?? 0 > 0)
    #expect(try #require(rough["makespan_seconds"]) > (try #require(calm["makespan_seconds"])))
    let wrong = try bench.run(Executables.coordinator, "simulate", sweep, "--mtbf", "soon")
    #expect(wrong.code == 64)
    #expect(wrong.err.contains("expected a time such as 90s or 2h"))
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: bench.folder.path).allSatisfy {
        $0 == "tiny.yaml" || $0.hasSuffix(".out") || $0.hasSuffix(".err")
      })
  }
}

/// Damage to a sweep's folder, found by `coordinator check`.
@Suite("Checking a sweep", .serialized)
struct CheckTests {
  private func check(_ bench: Bench, _ folder: String) throws -> (code: Int32, out: String) {
    let run = try bench.run(Executables.coordinator, "check", bench.path(folder))
    return (run.code, run.out)
  }

  @Test("a sound folder is reported as sound, and each kind of damage with its remedy")
  func findsDamage() throws {
    let bench = try Bench()
    let sweep = try bench.file("tiny.yaml", Bench.sweep(steps: 30))
    try bench.complete(sweep, in: "out")
    let manager = FileManager.default
    func copy(_ name: String) throws {
      try manager.copyItem(atPath: bench.path("out"), toPath: bench.path(name))
    }
    let sound = try check(bench, "out")
    #expect(sound.code == 0, "\(sound.out)")
    #expect(sound.out.contains("all is sound"))

    try copy("table")
    let table = try bench.read("table/trials.csv").replacing("baseline", with: "basement")
    _ = try bench.file("table/trials.csv", table)
    let altered = try check(bench, "table")
    #expect(altered.code == 1)
    #expect(altered.out.contains("DAMAGED trials.csv: differs from the record"))
    #expect(try bench.run(Executables.coordinator, "report", bench.path("table")).code == 0)
    #expect(try check(bench, "table").code == 0)

    try copy("blob")
    // A trial's model, since blobs of kept checkpoints are not verified.
    let model = try #require(bench.table("blob/provenance.csv").first?["model_sha256"])
    let path = bench.path("blob/blobs/\(model.prefix(2))/\(model.dropFirst(2))")
    var bytes = try Data(contentsOf: URL(filePath: path))
    bytes[bytes.count / 2] ^= 1
    try bytes.write(to: URL(filePath: path))
    let rotten = try check(bench, "blob")
    #expect(rotten.code == 1)
    #expect(rotten.out.contains("DAMAGED blobs/"), "\(rotten.out)")
    try manager.removeItem(atPath: path)
    let lost = try check(bench, "blob")
    #expect(lost.code == 1)
    #expect(lost.out.contains("MISSING blobs/"), "\(lost.out)")

    try copy("store")
    let store = URL(filePath: bench.path("store/sweep.sqlite"))
    var pages = try Data(contentsOf: store)
    for place in stride(from: 4096 * 3, to: pages.count, by: 4096) {
      pages.replaceSubrange(place..<min(place + 2048, pages.count), with: Data(count: 2048))
    }
    try pages.write(to: store)
    let torn = try check(bench, "store")
    #expect(torn.code == 1)
    #expect(torn.out.contains("DAMAGED sweep.sqlite"), "\(torn.out)")
  }

  @Test(
    "if any page of database or log is lost, the salvaged folder is sound and has the same end")
  func salvages() throws {
    let bench = try Bench()
    let sweep = try bench.file("tiny.yaml", Bench.sweep(steps: 30))
    try bench.complete(sweep, in: "out")
    let manager = FileManager.default
    let store = URL(filePath: bench.path("out/sweep.sqlite"))
    let log = URL(filePath: bench.path("out/results.log"))
    let (soundStore, soundLog) = (try Data(contentsOf: store), try Data(contentsOf: log))
    func salvage(_ name: String) throws -> (code: Int32, kept: Int) {
      let salvage = try bench.run(
        Executables.coordinator, "check", bench.path("out"), "--salvage", bench.path(name),
        "--sweep", sweep, "--json")
      let object = try JSONSerialization.jsonObject(with: Data(salvage.out.utf8))
      let values = try #require(object as? [String: Any], "\(salvage.err)")
      let check = try check(bench, name)
      #expect(check.code == 0, "\(check.out)")
      #expect(check.out.contains("note: salvaged from \(bench.path("out")) at "))
      return (salvage.code, try #require(values["kept_count"] as? Int))
    }
    func lose(_ place: Int, of bytes: Data) -> Data {
      var damaged = bytes
      let end = min(place + 4096, bytes.count)
      damaged.replaceSubrange(place..<end, with: Data(count: end - place))
      return damaged
    }
    for place in stride(from: 0, to: soundStore.count, by: 4096) {
      try lose(place, of: soundStore).write(to: store)
      let outcome = try salvage("store-\(place)")
      #expect(outcome.code == 0, "the page at \(place)")
      #expect(outcome.kept == 4, "the page at \(place)")
    }
    try manager.removeItem(at: store)
    var losses: [Int: String] = [:]
    for place in stride(from: 0, to: soundLog.count, by: 4096) {
      try lose(place, of: soundLog).write(to: log)
      let name = "log-\(place)"
      let outcome = try salvage(name)
      #expect(outcome.code == 1, "the page at \(place)")
      losses[4 - outcome.kept] = name
    }
    let (count, worst) = try #require(losses.max { $0.key < $1.key })
    #expect(count > 0)

    let status = try bench.run(Executables.coordinator, "status", bench.path(worst))
    #expect(status.out.contains("salvaged from "), "\(status.out)")
    #expect(try bench.complete(sweep, in: worst) == bench.read("out/trials.csv"))
    #expect(try check(bench, worst).out.contains("all is sound"))

    let exists = try bench.run(
      Executables.coordinator, "check", bench.path("out"), "--salvage", bench.path(worst))
    #expect(exists.code != 0)
    #expect(exists.err.contains("exists; expected the name of a folder that is to be made"))
    let rerun = try bench.run(
      Executables.coordinator, "run", sweep, "--out", bench.path("out"), "--local-workers", "1")
    #expect(rerun.code != 0)
    #expect(rerun.err.contains("found results of a sweep without the database"), "\(rerun.err)")
    try Data(count: soundLog.count).write(to: log)
    let nothing = try bench.run(
      Executables.coordinator, "check", bench.path("out"), "--salvage", bench.path("nothing"))
    #expect(nothing.code != 0)
    #expect(nothing.err.contains("no entry of a sweep's log of results"), "\(nothing.err)")
    #expect(!manager.fileExists(atPath: bench.path("nothing")))
  }

  @Test(
    "an incomplete log is reported, and rewritten from the database when it is moved away")
  func rewritesLog() throws {
    let bench = try Bench()
    let sweep = try bench.file("tiny.yaml", Bench.sweep(steps: 20))
    try bench.complete(sweep, in: "out")
    let log = URL(filePath: bench.path("out/results.log"))
    var bytes = try Data(contentsOf: log)
    bytes[bytes.count - 100] ^= 1
    try bytes.write(to: log)
    let rotten = try check(bench, "out")
    #expect(rotten.code == 1)
    #expect(rotten.out.contains("DAMAGED results.log: bytes "), "\(rotten.out)")
    #expect(rotten.out.contains("DAMAGED results.log: it lacks results of 1 trials: "))
    #expect(rotten.out.contains("move results.log out of the folder"))
    try FileManager.default.removeItem(at: log)
    #expect(try check(bench, "out").out.contains("DAMAGED results.log: "))
    let rerun = try bench.run(
      Executables.coordinator, "run", sweep, "--out", bench.path("out"), "--local-workers", "1")
    #expect(rerun.code == 0, "\(rerun.err)")
    #expect(rerun.err.contains("has been rewritten from the database"), "\(rerun.err)")
    let again = try check(bench, "out")
    #expect(again.code == 0, "\(again.out)")
    #expect(again.out.contains("the log of results has 4 of the results"), "\(again.out)")
  }

  /// `Tests/StoreTests/Former/README.md` describes the origin of the store.
  @Test("a store of the previous build continues: same table, and the interrupted trial restarts")
  func migrates() throws {
    let bench = try Bench()
    let former = URL(filePath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "StoreTests/Former")
    let manager = FileManager.default
    for name in ["complete", "interrupted"] {
      try manager.createDirectory(atPath: bench.path(name), withIntermediateDirectories: true)
      try manager.copyItem(
        at: former.appending(path: "\(name).sqlite"),
        to: URL(filePath: bench.path("\(name)/sweep.sqlite")))
    }
    let report = try bench.run(Executables.coordinator, "report", bench.path("complete"))
    #expect(report.code == 0, "\(report.err)")
    let table = try String(contentsOf: former.appending(path: "trials.csv"), encoding: .utf8)
    #expect(try bench.read("complete/trials.csv") == table)
    let sound = try check(bench, "complete")
    #expect(!sound.out.contains("DAMAGED sweep.sqlite"), "\(sound.out)")
    #expect(!sound.out.contains("DAMAGED results.log"), "\(sound.out)")

    let sweep = former.appending(path: "interrupted.yaml").path
    try bench.complete(sweep, in: "interrupted")
    let rows = try bench.read("interrupted/trials.csv").split(separator: "\n")
    #expect(rows.count == 5)
    // The earlier result is kept; the interrupted trial was computed from step 1.
    let head = "te0c63f6b411573ff,baseline,"
    #expect(rows.first { $0.hasPrefix(head) } == table.split(separator: "\n")[1])
    #expect(!(try bench.read("interrupted/provenance.csv")).contains("step 287"))
  }

  @Test("outdated outputs are stale, changed ones damaged, deleted ones missing")
  func tellsOutputsApart() throws {
    let bench = try Bench()
    let sweep = try bench.file("tiny.yaml", Bench.sweep(steps: 20))
    try bench.complete(sweep, in: "out")
    let manager = FileManager.default
    let report = "`coordinator report \(bench.path("out"))` writes the outputs anew"
    func findings() throws -> (code: Int32, lines: [String]) {
      let (code, out) = try check(bench, "out")
      return (code, out.split(separator: "\n").dropFirst().map(String.init))
    }
    #expect(try findings().lines == ["all is sound"])

    // The state after a coordinator was killed between a result and its outputs.
    let ledger = bench.folder.appending(path: "out/outputs.sha256")
    let noted = try Data(contentsOf: ledger)
    let former = Data("trial,stage\n".utf8)
    try former.write(to: bench.folder.appending(path: "out/trials.csv"))
    try (noted + Data("\(Digest.of(former))  trials.csv\n".utf8)).write(to: ledger)
    var found = try findings()
    #expect(found.code == 0)
    #expect(
      found.lines == [
        "STALE trials.csv: is behind the record", "  \(report)", "nothing is damaged or missing",
      ])

    let models = try manager.contentsOfDirectory(atPath: bench.path("out/models")).sorted()
    #expect(models.count == 4)
    #expect(models.allSatisfy { $0.hasPrefix("t") })
    try manager.removeItem(atPath: bench.path("out/models/\(models[0])"))
    try manager.removeItem(atPath: bench.path("out/models/\(models[1])"))
    _ = try bench.file("out/models/\(models[1])", "another model")
    try manager.removeItem(atPath: bench.path("out/figure3.svg"))
    _ = try bench.file("out/figure3.csv", "tolerance\n3\n")
    found = try findings()
    #expect(found.code == 1)
    #expect(
      Set(found.lines.dropLast()) == [
        "STALE trials.csv: is behind the record",
        "MISSING figure3.svg: was written, and is not there",
        "MISSING models/\(models[0]): was written, and is not there",
        "DAMAGED models/\(models[1]): differs from the record, and was changed since it was written",
        "DAMAGED figure3.csv: differs from the record, and was changed since it was written",
      ])
    #expect(found.lines.last == "  \(report)")
    #expect(try bench.run(Executables.coordinator, "report", bench.path("out")).code == 0)
    #expect(try findings().lines == ["all is sound"])
  }

  @Test(
    "a damaged and a lost file of results are computed again after the command that check names")
  func computesAgain() throws {
    let bench = try Bench()
    let sweep = try bench.file("tiny.yaml", Bench.sweep(steps: 20))
    let table = try bench.complete(sweep, in: "out")
    let manager = FileManager.default
    // A model is a hard link to its blob, so the damage is reported once, for the blob.
    let models = try manager.contentsOfDirectory(atPath: bench.path("out/models")).sorted()
    let rotten = bench.folder.appending(path: "out/models/\(models[0])")
    let handle = try FileHandle(forUpdating: rotten)
    try handle.seek(toOffset: 100)
    try handle.write(contentsOf: Data([1, 2, 3]))
    try handle.close()
    let lost = Digest.of(
      try Data(contentsOf: bench.folder.appending(path: "out/models/\(models[1])")))
    let name = lost.hexadecimal
    try manager.removeItem(atPath: bench.path("out/blobs/\(name.prefix(2))/\(name.dropFirst(2))"))
    let found = try check(bench, "out")
    #expect(found.code == 1)
    let trials = models.prefix(2).map { String($0.prefix(17)) }
    #expect(
      found.out.contains("DAMAGED blobs/: model.safetensors of trial \(trials[0]): "),
      "\(found.out)")
    #expect(
      found.out.contains("MISSING blobs/: model.safetensors of trial \(trials[1]): it is not there")
    )
    for trial in trials {
      #expect(found.out.contains(" \(trial) --why \"model.safetensors is lost\"`"), "\(found.out)")
    }
    let discard = try bench.run(
      Executables.coordinator, "discard", bench.path("out"), trials[0], trials[1], "--yes", "--why",
      "model.safetensors is lost")
    #expect(discard.code == 0, "\(discard.err)")
    #expect(try bench.complete(sweep, in: "out") == table)
    let again = try check(bench, "out")
    #expect(again.code == 0, "\(again.out)")
    #expect(again.out.contains("all is sound"), "\(again.out)")
  }

  @Test("files that an earlier version named by digits alone are found, and renamed by a report")
  func formerNames() throws {
    let bench = try Bench()
    let sweep = try bench.file("tiny.yaml", Bench.sweep(steps: 20))
    try bench.complete(sweep, in: "out")
    let manager = FileManager.default
    // The state left by an earlier version, which kept no list of outputs.
    try manager.removeItem(atPath: bench.path("out/outputs.sha256"))
    var names: [String: [String]] = [:]
    for part in ["models", "trajectories", "figure2", "logs"] {
      names[part] = try manager.contentsOfDirectory(atPath: bench.path("out/\(part)"))
        .filter { TrialID($0.prefix(17)) != nil }.sorted()
      for name in names[part] ?? [] {
        try manager.moveItem(
          atPath: bench.path("out/\(part)/\(name)"),
          toPath: bench.path("out/\(part)/\(name.dropFirst())"))
      }
    }
    func logs(_ name: String) throws -> String {
      try bench.run(Executables.coordinator, "logs", bench.path("out"), name).out
    }
    let found = try check(bench, "out")
    #expect(found.code == 0, "\(found.out)")
    #expect(found.out.contains(": has the name that an earlier version gave it"))
    let trial = try #require(names["logs"]?.first).prefix(17)
    let told = try logs(String(trial.dropFirst()))
    #expect(!told.isEmpty)
    #expect(try bench.run(Executables.coordinator, "report", bench.path("out")).code == 0)
    for (part, names) in names {
      #expect(!names.isEmpty)
      #expect(
        try manager.contentsOfDirectory(atPath: bench.path("out/\(part)"))
          .filter { TrialID($0.prefix(17)) != nil || TrialID($0.prefix(16)) != nil }.sorted()
          == names)
    }
    #expect(try check(bench, "out").out.contains("all is sound"))
    #expect(try logs(String(trial)) == told)
  }

  @Test("without its blobs a sweep is not sound, but can be reported")
  func missingBlobs() throws {
    let bench = try Bench()
    let sweep = try bench.file("tiny.yaml", Bench.sweep(steps: 20))
    try bench.complete(sweep, in: "out")
    let manager = FileManager.default
    try manager.removeItem(atPath: bench.path("out/models"))
    try manager.removeItem(atPath: bench.path("out/blobs"))
    let bare = try check(bench, "out")
    #expect(bare.code == 1)
    #expect(bare.out.contains("MISSING blobs/"), "\(bare.out)")
    #expect(!manager.fileExists(atPath: bench.path("out/blobs")))
    let report = try bench.run(Executables.coordinator, "report", bench.path("out"))
    #expect(report.code == 0, "\(report.err)")
  }
}
