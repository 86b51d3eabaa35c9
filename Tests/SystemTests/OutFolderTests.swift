import Foundation
import Testing

/// Folders that `--out` must not fill.
@Suite("A folder for a sweep")
struct OutFolderTests {
  private let bench: Bench
  private let sweep: String

  init() throws {
    bench = try Bench()
    sweep = try bench.file("tiny.yaml", Bench.sweep())
  }

  private func run(_ out: String) throws -> (code: Int32, out: String, err: String) {
    try bench.run(
      Executables.coordinator, "run", sweep, "--out", out, "--local-workers", "1")
  }

  private func makeFolder(_ name: String) throws {
    try FileManager.default.createDirectory(
      atPath: bench.path(name), withIntermediateDirectories: true)
  }

  private func makeLink(_ name: String, to target: String) throws {
    try FileManager.default.createSymbolicLink(
      atPath: bench.path(name), withDestinationPath: bench.path(target))
  }

  @Test("foreign files are not touched, and people are told what to do")
  func stranger() throws {
    try makeFolder("photos")
    _ = try bench.file("photos/trials.csv", "mine")
    let refused = try run(bench.path("photos"))
    #expect(refused.code == 1)
    #expect(refused.err.contains("files that are not a sweep's: \"trials.csv\""), "\(refused.err)")
    #expect(refused.err.contains("choose a new or an empty folder with --out"), "\(refused.err)")
    #expect(try bench.read("photos/trials.csv") == "mine")
    #expect(bench.files(below: "photos").count == 1)
  }

  @Test("one trial alone takes a new folder, or a trial's, and no other")
  func trial() throws {
    let plan = try bench.run(Executables.coordinator, "plan", sweep, "--json")
    let planned = try JSONSerialization.jsonObject(with: Data(plan.out.utf8)) as? [String: Any]
    let entry = try #require((planned?["trials"] as? [Any])?.first)
    let text = String(decoding: try JSONSerialization.data(withJSONObject: entry), as: UTF8.self)
    try makeFolder("photos")
    _ = try bench.file("photos/model.safetensors", "mine")
    func trial(_ out: String, _ config: String) throws -> (code: Int32, out: String, err: String) {
      try bench.run(Executables.worker, "trial", config, "--out", bench.path(out))
    }
    let config = try bench.file("c.json", text)
    let refused = try trial("photos", config)
    #expect(refused.code == 1)
    #expect(
      refused.err.contains("files that are not a trial's: \"model.safetensors\""), "\(refused.err)")
    #expect(bench.files(below: "photos").count == 1)
    // The trial is as the plan has it; its file may lie in the folder, and a second run fills it again.
    try makeFolder("own")
    let inside = try bench.file("own/c.json", text)
    for _ in 0..<2 {
      let run = try trial("own", inside)
      #expect(run.code == 0, "\(run.err)")
    }
  }

  @Test("an empty folder name is refused")
  func empty() throws {
    let refused = try run("")
    #expect(refused.code == 64)
    #expect(refused.err.contains("--out"), "\(refused.err)")
  }

  @Test(
    "links in the folder are not followed when writing",
    arguments: ["models", "blobs", "logs", "sweep.lock", "trials.csv"])
  func links(name: String) throws {
    try makeFolder("victim")
    try bench.complete(sweep, in: "out")
    try FileManager.default.removeItem(atPath: bench.path("out/\(name)"))
    try makeLink("out/\(name)", to: "victim")
    for command in [
      try run(bench.path("out")),
      try bench.run(Executables.coordinator, "report", bench.path("out")),
    ] {
      #expect(command.code == 1)
      #expect(command.err.contains("out/\(name): found a symbolic link"), "\(command.err)")
    }
    #expect(bench.files(below: "victim").isEmpty)
  }

  @Test("an empty folder, one with the sweep file, and a link to a folder are filled")
  func allowed() throws {
    try makeFolder("empty")
    try makeLink("link", to: "empty")
    #expect(try run(bench.path("link")).code == 0)
    #expect(bench.exists("empty/trials.csv"))
    try makeFolder("own")
    _ = try bench.file("own/.gitignore", "*")
    let inside = try bench.file("own/tiny.yaml", Bench.sweep())
    let run = try bench.run(
      Executables.coordinator, "run", inside, "--out", bench.path("own"), "--local-workers", "1")
    #expect(run.code == 0, "\(run.err)")
  }

  @Test("a file, and a link that leads nowhere, are no folders")
  func noFolder() throws {
    let file = try bench.file("file", "mine")
    #expect(try run(file).err.contains("found a file, not a folder"))
    try makeLink("link", to: "nothing")
    #expect(try run(bench.path("link")).err.contains("found a symbolic link that leads nowhere"))
  }
}
