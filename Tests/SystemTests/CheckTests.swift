import Foundation
import Testing

/// A sweep rehearsed without running anything.
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

  @Test("what is sound is said to be, and each kind of damage is named with its remedy")
  func findsDamage() throws {
    let bench = try Bench()
    let sweep = try bench.file("tiny.yaml", Bench.sweep(steps: 30))
    let run = try bench.run(
      Executables.coordinator, "run", sweep, "--out", bench.path("out"), "--local-workers", "2")
    try #require(run.code == 0, "\(run.err)")
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
    let model = try #require(
      try manager.subpathsOfDirectory(atPath: bench.path("blob/blobs")).first { $0.count > 60 })
    let path = bench.path("blob/blobs/\(model)")
    var bytes = try Data(contentsOf: URL(filePath: path))
    bytes[bytes.count / 2] ^= 1
    try bytes.write(to: URL(filePath: path))
    let rotten = try check(bench, "blob")
    #expect(rotten.code == 1)
    #expect(rotten.out.contains("DAMAGED blobs/"), "\(rotten.out)")
    try manager.removeItem(atPath: path)
    #expect(try check(bench, "blob").code == 1)

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
}
