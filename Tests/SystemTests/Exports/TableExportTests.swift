import Digests
import Foundation
import TestSupport
import Testing

@Suite("Exports of tables and of crates", .serialized)
struct TableExportTests {
  /// A sweep that is complete, exported in a form.
  private func export(_ form: String, _ arguments: String...) throws -> Bench {
    let bench = try Bench()
    try bench.complete(try bench.file("s.yaml", Bench.sweep()), in: "out")
    let command = try Command(
      Executables.coordinator,
      ["export", bench.path("out"), "--to", form, "--out", bench.path("export")] + arguments,
      on: bench)
    try #require(try command.exitCode() == 0, "\(command.standardError)")
    return bench
  }

  @Test("tables have one row per trial, milestone, sample and gate, and join by the trial")
  func csv() throws {
    let bench = try export("csv")
    let trials = try bench.table("export/trials.csv")
    let outputs = try bench.table("out/trials.csv")
    #expect(
      trials.map { $0["trial"] }
        == outputs.map { $0["trial"] }.reduce(into: []) {
          if $0.last != $1 { $0.append($1) }
        })
    for row in trials {
      let last = try #require(outputs.last { $0["trial"] == row["trial"] })
      for column in ["mse", "evaluation_mse", "gates_open", "tolerance", "latents", "budget"] {
        #expect(row[column] == last[column], "\(column)")
      }
      #expect(row["batch_size"] == "16")
      #expect(row["kl_reduction"] == (row["stage"] == "baseline" ? "sum" : "mean-open"))
    }
    #expect(try bench.table("export/milestones.csv").count == outputs.count)

    let samples = try bench.table("export/trajectories.csv")
    let gates = try bench.table("export/gates.csv")
    for row in trials {
      let id = try #require(row["trial"])
      let mine = samples.filter { $0["trial"] == id }
      // Every 10 of 30 steps, and the milestone at 15.
      #expect(
        mine.compactMap { $0["step"] }
          == (row["stage"] == "baseline" ? ["10", "20", "30"] : ["10", "15", "20", "30"]))
      let latents = try #require(row["latents"].flatMap(Int.init))
      #expect(gates.count { $0["trial"] == id } == mine.count * latents)
    }
  }

  @Test("tables in JSON say the same, as numbers, of the trials that are named")
  func json() throws {
    let bench = try export("json", "stage=narrowed")
    func list(_ name: String) throws -> [[String: Any]] {
      let data = try Data(contentsOf: URL(filePath: bench.path("export/\(name).json")))
      return try #require(try JSONSerialization.jsonObject(with: data) as? [[String: Any]])
    }
    let trials = try list("trials")
    #expect(trials.count == 2)
    #expect(trials.allSatisfy { $0["stage"] as? String == "narrowed" })
    #expect(trials.allSatisfy { $0["mse"] is Double && $0["host"] is String })
    #expect(try list("milestones").count == 4)
    #expect(try list("trajectories").count == 8)
    #expect(try list("gates").count == 4 * (4 + 6))
  }

  @Test("a crate describes each of its files by size and digest, and every trial as an action")
  func crate() throws {
    let bench = try export("ro-crate")
    let data = try Data(contentsOf: URL(filePath: bench.path("export/ro-crate-metadata.json")))
    let crate = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    #expect(crate["@context"] as? String == "https://w3id.org/ro/crate/1.1/context")
    let graph = try #require(crate["@graph"] as? [[String: Any]])
    let entities = Dictionary(uniqueKeysWithValues: graph.map { ($0["@id"] as? String ?? "", $0) })
    let root = try #require(entities["./"])
    let parts = try #require(root["hasPart"] as? [[String: String]]).compactMap { $0["@id"] }
    let present = Set(
      bench.files(below: "export").filter { !$0.hasDirectoryPath }.map {
        $0.path.replacing(bench.path("export") + "/", with: "")
      }.filter { !isFolder(bench.path("export/\($0)")) })
    #expect(
      Set(parts) == present.subtracting(["ro-crate-metadata.json", "outputs.sha256"]))
    for part in parts {
      let entity = try #require(entities[part])
      let file = try Data(contentsOf: URL(filePath: bench.path("export/\(part)")))
      #expect(entity["sha256"] as? String == Digest.of(file).hexadecimal)
      #expect(entity["contentSize"] as? String == "\(file.count)")
    }
    for name in ["sweep.yaml", "trials.csv", "figure3.svg", "provenance.csv"] {
      #expect(parts.contains(name), "\(name)")
    }
    #expect(try bench.read("export/trials.csv") == bench.read("out/trials.csv"))
    let text = try bench.read("export/sweep.yaml")
    #expect(text.trimmingCharacters(in: .newlines) == (try bench.read("s.yaml")))

    let actions = graph.filter {
      $0["@type"] as? String == "CreateAction" && $0["startTime"] != nil
    }
    #expect(actions.count == 4)
    // Everything that is referred to is there.
    for action in actions {
      let program = try #require(action["instrument"] as? [String: String])
      let links =
        try #require(action["object"] as? [[String: String]])
        + #require(action["result"] as? [[String: String]]) + [program]
      #expect(links.count == 3 + 2 + 1)
      for link in links { #expect(entities[link["@id"] ?? ""] != nil, "\(link)") }
    }
  }

  private func isFolder(_ path: String) -> Bool {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
      && isFolder.boolValue
  }

  @Test("a crate of every output may be written again into its own folder")
  func crateAgain() throws {
    let bench = try Bench()
    let sweep = try bench.file(
      "s.yaml",
      Bench.sweep().replacing("table1]", with: "table1, gates]"))
    try bench.complete(sweep, in: "out")
    for _ in 0..<2 {
      let export = try bench.run(
        Executables.coordinator, "export", bench.path("out"), "--to", "ro-crate", "--out",
        bench.path("crate"))
      #expect(export.code == 0, "\(export.err)")
    }
    #expect(bench.files(below: "crate").contains { $0.lastPathComponent == "gates.csv" })
  }

  @Test("a lost trajectory is reported with exit code 1, and the other trials are exported")
  func lost() throws {
    let bench = try Bench()
    try bench.complete(try bench.file("s.yaml", Bench.sweep()), in: "out")
    let lost = try #require(
      bench.files(below: "out/blobs").first {
        (try? String(contentsOf: $0, encoding: .utf8))?.hasPrefix("step,squared_error") == true
      })
    try FileManager.default.removeItem(at: lost)
    let command = try bench.run(
      Executables.coordinator, "export", bench.path("out"), "--to", "csv")
    #expect(command.code == 1)
    #expect(command.err.contains("trajectory.csv cannot be had"))
    let samples = try bench.table("out/exports/csv/trajectories.csv")
    #expect(Set(samples.compactMap { $0["trial"] }).count == 3)
    #expect(try bench.table("out/exports/csv/trials.csv").count == 4)
  }
}
