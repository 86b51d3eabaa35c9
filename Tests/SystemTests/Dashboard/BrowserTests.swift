import Foundation
import Testing

/// The browser that the tests look through.
private enum Chromium {
  static let script = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "../../Browser/look.py").standardizedFileURL

  /// Whether it is installed and starts; its package is `chromium`.
  static let canStart: Bool = {
    guard let bench = try? Bench(),
      let start = try? Command(
        URL(filePath: "/usr/bin/python3"), [script.path, "--start"], on: bench),
      let code = try? start.exitCode()
    else { return false }
    if code != 0 { print("without a browser: \(start.standardError)") }
    return code == 0
  }()
}

/// The dashboard's pages in a real browser, through `Tests/Browser/look.py`.
@Suite(
  "The dashboard in Chromium", .serialized,
  .enabled("Chromium does not start here: `python3 Tests/Browser/look.py --start` says why") {
    Chromium.canStart
  })
struct BrowserTests {
  private let bench: Bench

  init() throws { bench = try Bench() }

  private func looking(_ urls: [String], _ arguments: [String]) throws -> Command {
    try Command(
      URL(filePath: "/usr/bin/python3"), [Chromium.script.path] + arguments + urls, on: bench)
  }

  /// What a look at each page has found.
  private func answers(of python: Command) throws -> [[String: Any]] {
    #expect(try python.exitCode() == 0, "\(python.standardError)")
    return try python.standardOutput.split(separator: "\n").map { line in
      let object = try JSONSerialization.jsonObject(with: Data(line.utf8))
      return try #require(object as? [String: Any])
    }
  }

  private func look(_ urls: [String], _ arguments: String...) throws -> [[String: Any]] {
    try answers(of: looking(urls, arguments))
  }

  private func run(_ sweep: String, _ arguments: String...) throws -> Command {
    try Command(
      Executables.coordinator,
      ["run", sweep, "--out", bench.path("out"), "--local-workers", "1"] + arguments, on: bench)
  }

  private func dashboard(
    of folders: [String] = ["out"], _ arguments: String...
  ) throws -> (Command, String) {
    let command = try Command(
      Executables.dashboard,
      folders.map { bench.path($0) } + ["--listen", "127.0.0.1:0"] + arguments, on: bench)
    try wait(for: "the dashboard's address", of: [command]) {
      command.standardOutput.contains("ssh -L")
    }
    let line = try #require(command.standardOutput.split(separator: "\n").first)
    let address = String(line.dropFirst("dashboard: ".count).dropLast())
    // With a token, a request without it learns nothing of the record.
    guard arguments.isEmpty else { return (command, address) }
    let port = try #require(address.split(separator: ":").last.flatMap { Int($0) })
    for index in folders.indices {
      try wait(for: "the record of \(folders[index])", of: [command]) {
        let body = try HTTPRequest(path: "/api/sweeps/\(index)").send(to: port)?.body ?? ""
        return body.contains("\"is_loaded\":true") && !body.contains("\"revision\":-1")
      }
    }
    return (command, address)
  }

  private func expectSound(_ page: [String: Any]) {
    let url = page["url"] as? String ?? ""
    #expect((page["errors"] as? [Any])?.isEmpty == true, "\(url): \(page["errors"] ?? "")")
    #expect((page["policy"] as? [Any])?.isEmpty == true, "\(url): \(page["policy"] ?? "")")
    #expect((page["foreign"] as? [Any])?.isEmpty == true, "\(url): \(page["foreign"] ?? "")")
    #expect(page["unnamed"] as? Int == 0, "\(url): charts without a name")
    #expect(page["nameless"] as? Int == 0, "\(url): controls without a name")
    #expect((page["images"] as? [String])?.allSatisfy { !$0.isEmpty } == true, "\(url)")
    #expect(page["scripts"] as? Int == 2, "\(url): a script of the sweep's")
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

  private func sweepFile(_ name: String, rate: Double = 0.001, budget: String) throws -> String {
    try bench.file(
      "\(name).yaml",
      """
      sweep: \(name)
      question: q
      dataset: sprites28
      model: {channels: [4, 4, 8]}
      trainer: {batch_size: 16, sample_every: 5, learning_rate: \(rate)}
      latents: 3
      axes: {tolerance: [10, 20]}
      budget: \(budget)
      """)
  }

  @Test("sweeps of which all trials diverged, or none is complete have sound pages")
  func extremes() throws {
    let diverging = try run(sweepFile("diverging", rate: 1, budget: "60 batches"))
    _ = try diverging.exitCode()
    let cut = try Command(
      Executables.coordinator,
      [
        "run", try sweepFile("cut", budget: "1000000 batches"), "--out", bench.path("cut"),
        "--local-workers", "1",
      ], on: bench)
    try wait(for: "a trial's begin", of: [cut]) { cut.standardError.contains("started on") }
    cut.send(SIGKILL)
    _ = try cut.exitCode()
    let (command, address) = try dashboard(of: ["out", "cut"])
    defer { command.send(SIGTERM) }
    let failed = try #require(try bench.table("out/trials.csv").compactMap { $0["trial"] }.first)
    let urls = [
      "/?all", "/sweeps/0", "/sweeps/0/trials?status=failed", "/sweeps/0/trial/\(failed)",
      "/sweeps/1", "/sweeps/1/trials", "/sweeps/1/table1", "/sweeps/1/hosts",
    ].map { address + $0 }
    let pages = try look(urls)
    for page in try pages + look(urls, "--dark", "--narrow") { expectSound(page) }
    let texts = pages.map { $0["text"] as? String ?? "" }
    #expect(texts[0].contains("2 failed") && texts[0].contains("no coordinator runs"))
    #expect(texts[1].contains("2 failed") && texts[1].contains("No trial has a result yet."))
    #expect(texts[2].contains("not-a-number"))
    #expect(texts[3].contains("expected a finite number"))
    #expect(texts[4].contains("1 begun, 1 waiting"))
  }

  @Test("eight windows at once each have their page")
  func windows() throws {
    let run = try run(sweepFile("windows", budget: "60 batches"))
    #expect(try run.exitCode() == 0, "\(run.standardError)")
    let (command, address) = try dashboard()
    defer { command.send(SIGTERM) }
    let paths = ["", "/trials", "/hosts", "/log"]
    let pages = try look(
      (paths + paths).map { "\(address)/sweeps/0\($0)" }, "--together", "--eval",
      "fetch('/api/sweeps').then(answer => answer.json()).then(found => found.sweeps.length)")
    #expect(pages.count == 8)
    for page in pages {
      expectSound(page)
      #expect((page["text"] as? String)?.contains("ended, record") == true)
      #expect(page["evaluated"] as? Int == 1)
    }
  }

  @Test("every page can be reached by keyboard, and the focus is visible")
  func keyboard() throws {
    let run = try run(sweepFile("keys", budget: "60 batches"))
    #expect(try run.exitCode() == 0, "\(run.standardError)")
    let (command, address) = try dashboard()
    defer { command.send(SIGTERM) }
    func steps(_ path: String, _ keys: String) throws -> [[String: Any]] {
      let page = try #require(try look(["\(address)/sweeps/0\(path)"], "--keys", keys).first)
      let steps = try #require(page["focus"] as? [[String: Any]])
      for step in steps where !["body", "main"].contains(step["tag"] as? String) {
        #expect(step["isOutlined"] as? Bool == true, "\(path): \(step)")
      }
      return steps
    }
    // The filter, the status, and the heads of the columns, of which one sorts.
    let sorted = try steps("/trials", "Tab Tab Tab Tab Tab Tab Enter")
    #expect(sorted.last?["path"] as? String == "/sweeps/0/trials?sort=tolerance", "\(sorted)")
    #expect((sorted.last?["name"] as? String)?.hasPrefix("τ") == true, "\(sorted)")
    // To a trial, and there along its steps.
    let trial = try #require(try bench.table("out/trials.csv").compactMap { $0["trial"] }.first)
    let traced = try steps("/trial/\(trial)", "Tab Tab ArrowLeft ArrowLeft Home")
    #expect(traced.map { $0["value"] as? String }.suffix(4) == ["11", "10", "9", "0"], "\(traced)")
  }

  @Test("typing the token opens the list of sweeps")
  func login() throws {
    let sweep = try bench.file("tiny.yaml", Bench.sweep())
    #expect(try run(sweep).exitCode() == 0)
    let (command, address) = try dashboard(of: ["out"], "--token-file", bench.path("token"))
    defer { command.send(SIGTERM) }
    let token = try bench.read("token").trimmingCharacters(in: .whitespacesAndNewlines)
    func typed(_ text: String) throws -> String {
      let script =
        "document.getElementById('token').value = '\(text)'; document.forms[0].submit(); ''"
      let looked = try look([address], "--eval", script)
      return try #require(looked[0]["text"] as? String)
    }
    #expect(try typed(token).contains("complete"))
    #expect(try typed("\(token)x").contains("that is not the token"))
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
    // One page, which tells each word as it comes to show it.
    let script = """
      (async () => { const end = Date.now() + 400000;
      const text = () => document.getElementById('live').textContent;
      for (const word of ['live', 'frozen', 'live']) {
      while (Date.now() < end && !text().includes(word)) await new Promise(r => setTimeout(r, 100));
      if (Date.now() >= end) return ''; console.info(word); } return text(); })()
      """
    let page = try looking(
      [url], ["--eval-seconds", "440", "--eval", script])
    try wait(for: "a live page", of: [page]) { page.standardError.contains("console.info: live") }
    first.send(SIGKILL)
    _ = try first.exitCode()
    try wait(for: "a frozen page", of: [page]) {
      page.standardError.contains("console.info: frozen")
    }
    let second = try run(sweep)
    let said = try #require(try answers(of: page)[0]["evaluated"] as? String)
    #expect(said.contains("live"), "\(said)")
    second.send(SIGINT)
    _ = try second.exitCode()
  }
}
