import Foundation
import Testing

/// The dashboard's pages in a real browser, through `Tests/Browser/look.py`.
@Suite(
  "The dashboard in Chromium", .serialized,
  .enabled("chromium is not installed: its package is `chromium`") {
    FileManager.default.isExecutableFile(atPath: "/usr/bin/chromium")
  })
struct BrowserTests {
  private let bench: Bench
  private static let script = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "../../Browser/look.py").standardizedFileURL

  init() throws { bench = try Bench() }

  private func look(_ urls: [String], _ arguments: String...) throws -> [[String: Any]] {
    let python = try Command(
      URL(filePath: "/usr/bin/python3"), [Self.script.path] + arguments + urls, on: bench)
    #expect(try python.exitCode() == 0, "\(python.standardError)")
    return try python.standardOutput.split(separator: "\n").map { line in
      let object = try JSONSerialization.jsonObject(with: Data(line.utf8))
      return try #require(object as? [String: Any])
    }
  }

  private func run(_ sweep: String, _ arguments: String...) throws -> Command {
    try Command(
      Executables.coordinator,
      ["run", sweep, "--out", bench.path("out"), "--local-workers", "1"] + arguments, on: bench)
  }

  private func dashboard() throws -> (Command, String) {
    let command = try Command(
      Executables.dashboard, [bench.path("out"), "--listen", "127.0.0.1:0"], on: bench)
    try wait(for: "the dashboard's address", of: [command]) {
      command.standardOutput.contains("ssh -L")
    }
    let line = try #require(command.standardOutput.split(separator: "\n").first)
    return (command, String(line.dropFirst("dashboard: ".count).dropLast()))
  }

  private func expectSound(_ page: [String: Any]) {
    let url = page["url"] as? String ?? ""
    #expect((page["errors"] as? [Any])?.isEmpty == true, "\(url): \(page["errors"] ?? "")")
    #expect((page["policy"] as? [Any])?.isEmpty == true, "\(url): \(page["policy"] ?? "")")
    #expect((page["foreign"] as? [Any])?.isEmpty == true, "\(url): \(page["foreign"] ?? "")")
    #expect(page["unnamed"] as? Int == 0, "\(url): charts without a name")
    #expect(page["nameless"] as? Int == 0, "\(url): controls without a name")
    #expect((page["images"] as? [String])?.allSatisfy { !$0.isEmpty } == true, "\(url)")
    #expect(page["scripts"] as? Int == 1, "\(url): a script of the sweep's")
    #expect(page["nodes"] as? Int ?? .max <= 5000, "\(url)")
    #expect(page["overflow"] as? Bool == false, "\(url): wider than the window")
  }

  @Test(
    "every page is sound, light and dark, wide and narrow, with a script as the sweep's question")
  func pages() throws {
    let sweep = try bench.file(
      "hostile.yaml",
      """
      sweep: hostile
      question: "<script>document.title='taken'</script><img src=x onerror=alert(1)>"
      dataset: sprites28
      model: {channels: [4, 4, 8]}
      trainer: {batch_size: 16, sample_every: 5}
      latents: 3
      axes: {tolerance: [10, 20]}
      budget: 60 batches
      """)
    let run = try run(sweep)
    #expect(try run.exitCode() == 0, "\(run.standardError)")
    let (command, address) = try dashboard()
    defer { command.send(SIGTERM) }
    let trials = try bench.table("out/trials.csv").compactMap { $0["trial"] }
    let trial = try #require(trials.first)
    let paths = [
      "", "/trials?sort=mse", "/trial/\(trial)?ghost=\(trials[1])", "/table1", "/hosts", "/log",
    ]
    let urls = paths.map { "\(address)/sweeps/0\($0)" }
    let wide = try look(urls)
    for page in try wide + look(urls, "--dark", "--narrow") { expectSound(page) }
    #expect(wide.allSatisfy { ($0["title"] as? String)?.contains("taken") == false })
    let first = try #require(wide.first?["text"] as? String)
    #expect(first.contains("<script>document.title='taken'</script>"))
    #expect(first.contains("2 complete"))
    let traces = try #require(wide[2]["images"] as? [String])
    #expect(traces.contains { $0.hasPrefix("Traces of") })
  }

  @Test("a page catches up after its coordinator was killed and came back")
  func catchesUp() throws {
    let sweep = try bench.file(
      "long.yaml",
      """
      sweep: long
      question: q
      dataset: sprites28
      model: {channels: [4, 4, 8]}
      trainer: {batch_size: 16, sample_every: 5}
      latents: 3
      tolerance: 20
      budget: 1000000 batches
      """)
    let first = try run(sweep)
    _ = try first.endpoint()
    let (command, address) = try dashboard()
    defer { command.send(SIGTERM) }
    let url = "\(address)/sweeps/0"
    /// What the page says of the coordinator, once it has the word; after 50 seconds without it.
    func said(_ word: String) throws -> String {
      let script = """
        (async () => { const end = Date.now() + 50000;
        const text = () => document.getElementById('live').textContent;
        while (Date.now() < end && !text().includes('\(word)')) {
        await new Promise(r => setTimeout(r, 200)); } return text(); })()
        """
      let looked = try look([url], "--seconds", "2", "--eval", script)
      return try #require(looked[0]["evaluated"] as? String, "\(looked)")
    }
    #expect(try said("live").contains("live"))
    first.send(SIGKILL)
    _ = try first.exitCode()
    #expect(try said("frozen").contains("frozen"))
    let second = try run(sweep)
    #expect(try said("live").contains("live"))
    second.send(SIGINT)
    _ = try second.exitCode()
  }
}
