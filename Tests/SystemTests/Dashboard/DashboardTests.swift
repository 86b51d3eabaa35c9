import Foundation
import Testing

/// The program `dashboard` over the record of a real sweep.
@Suite("The dashboard", .serialized)
struct DashboardTests {
  private let bench: Bench
  /// What a hostile sweep file would ask.
  private static let question = "<script>alert(1)</script>"

  init() throws { bench = try Bench() }

  private func sweepFile(budget: String = "60 batches") throws -> String {
    try bench.file(
      "front.yaml",
      """
      sweep: front
      question: "\(Self.question)"
      dataset: sprites28
      model: {channels: [4, 4, 8]}
      trainer: {batch_size: 16, sample_every: 5}
      latents: 3
      axes: {tolerance: [10, 20]}
      budget: \(budget)
      """)
  }

  private func finishedSweep() throws {
    let run = try Command(
      Executables.coordinator,
      [
        "run", try sweepFile(), "--out", bench.path("out"), "--local-workers", "2",
        "--events", bench.path("events.jsonl"),
      ], on: bench)
    #expect(try run.exitCode() == 0, "\(run.standardError)")
  }

  private func dashboard(_ arguments: String...) throws -> (command: Command, port: Int) {
    let command = try Command(
      Executables.dashboard, [bench.path("out"), "--listen", "127.0.0.1:0"] + arguments, on: bench)
    try wait(for: "the dashboard's address", of: [command]) {
      command.standardOutput.contains("ssh -L")
    }
    let mark = "http://127.0.0.1:"
    let range = try #require(command.standardOutput.range(of: mark))
    let digits = command.standardOutput[range.upperBound...].prefix { $0.isNumber }
    return (command, try #require(Int(digits)))
  }

  private func object(_ path: String, at port: Int) throws -> [String: Any] {
    let answer = try #require(try HTTPRequest(path: path).send(to: port))
    #expect(answer.status == 200, "\(path): \(answer.body)")
    let object = try JSONSerialization.jsonObject(with: Data(answer.body.utf8))
    return try #require(object as? [String: Any])
  }

  /// Waits until the record was read.
  private func loaded(at port: Int) throws -> [String: Any] {
    var summary: [String: Any] = [:]
    try wait(for: "the record on the page") {
      summary = try object("/api/sweeps/0", at: port)
      let front = summary["front"] as? [String: Any]
      return summary["is_loaded"] as? Bool == true && (front?["revision"] as? Int ?? -1) >= 0
    }
    return summary
  }

  @Test("shows an ended sweep: summary, trials, traces, figures, log, metrics")
  func ended() throws {
    try finishedSweep()
    let (command, port) = try dashboard()
    let summary = try loaded(at: port)
    #expect(summary["question"] as? String == Self.question)
    #expect(summary["state"] as? String == "ended")
    #expect((summary["counts"] as? [String: Any])?["complete"] as? Int == 2)
    #expect(summary["allows_control"] as? Bool == false)

    let page = try object("/api/sweeps/0/trials?sort=tolerance&descending=true", at: port)
    let rows = try #require(page["rows"] as? [[String: Any]])
    #expect(rows.compactMap { $0["tolerance"] as? Double } == [20, 10])
    let found = try object("/api/sweeps/0/trials?filter=main%20%3D", at: port)
    #expect(found["matching"] as? Int == 2)
    let none = try object("/api/sweeps/0/trials?filter=main%20nowhere", at: port)
    #expect(none["matching"] as? Int == 0)
    let trial = try #require(rows.first?["trial"] as? String)
    let other = try #require(rows.last?["trial"] as? String)
    let detail = try object("/api/sweeps/0/trials/\(trial)", at: port)
    let attempts = try #require(detail["attempts"] as? [[String: Any]])
    #expect(attempts.map { $0["outcome"] as? String } == ["complete"])
    #expect(attempts.allSatisfy { ($0["host"] as? String)?.isEmpty == false })
    let settings = try #require(detail["settings"] as? [[String: Any]])
    #expect(
      settings.filter { $0["varies"] as? Bool == true }.map { $0["key"] as? String }
        == ["tolerance"])

    let samples = try object("/api/sweeps/0/trials/\(trial)/samples", at: port)
    #expect((samples["steps"] as? [Int])?.last == 60)
    #expect((samples["gates"] as? [Any])?.count == 3)
    for path in [
      "front.svg", "progress.svg", "trials/\(trial)/figure1.svg",
      "trials/\(trial)/figure1.svg?ghost=\(other)",
    ] {
      let light = try #require(try HTTPRequest(path: "/api/sweeps/0/\(path)").send(to: port))
      #expect(light.status == 200 && light.body.contains("fill=\"#ffffff\""), "\(path)")
      let join = path.contains("?") ? "&" : "?"
      let dark = try #require(
        try HTTPRequest(path: "/api/sweeps/0/\(path)\(join)scheme=dark").send(to: port))
      #expect(dark.status == 200 && !dark.body.contains("#ffffff"), "\(path)")
      #expect(!light.body.contains("<script>"), "\(path)")
    }
    let images = try #require(
      try HTTPRequest(path: "/api/sweeps/0/trials/\(trial)/images.png").send(to: port))
    #expect(images.status == 200 && images.headers["content-type"] == "image/png")
    let facts = try object("/api/sweeps/0/facts?after=0", at: port)
    #expect((facts["facts"] as? [Any])?.isEmpty == false)
    let metrics = try #require(try HTTPRequest(path: "/metrics").send(to: port))
    #expect(metrics.body.contains("status=\"complete\"} 2.0"))
    try checkWithPromtool(metrics.body)

    command.send(SIGTERM)
    #expect(try command.exitCode() == 0)
  }

  /// Holds metrics against Prometheus' own checker, where it is installed.
  private func checkWithPromtool(_ text: String) throws {
    let executable = URL(filePath: "/usr/bin/promtool")
    guard FileManager.default.isExecutableFile(atPath: executable.path) else {
      print("promtool is not installed: the metrics' names were not checked")
      return
    }
    let process = Process()
    let (input, output) = (Pipe(), Pipe())
    process.executableURL = executable
    process.arguments = ["check", "metrics"]
    process.standardInput = input
    process.standardError = output
    try process.run()
    try input.fileHandleForWriting.write(contentsOf: Data(text.utf8))
    try input.fileHandleForWriting.close()
    process.waitUntilExit()
    let said = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
    #expect(process.terminationStatus == 0 && said.isEmpty, "\(said)")
  }

  @Test("refuses requests of foreign pages, and says what is wrong with a request")
  func refusals() throws {
    try finishedSweep()
    let (command, port) = try dashboard()
    defer { command.send(SIGTERM) }
    _ = try loaded(at: port)
    func status(_ request: HTTPRequest) throws -> Int? { try request.send(to: port)?.status }
    #expect(try status(HTTPRequest(path: "/", headers: ["Host": "evil.example"])) == 421)
    #expect(
      try status(HTTPRequest(path: "/api/sweeps", headers: ["Origin": "http://evil.example"]))
        == 403)
    let post = HTTPRequest(
      method: "POST", path: "/api/sweeps/0/control",
      headers: ["Origin": "http://127.0.0.1:\(port)", "Content-Type": "application/json"],
      body: #"{"version":2,"command":"cancel","trials":["t"]}"#)
    #expect(try status(post) == 403)
    for path in [
      "/api/sweeps/1", "/api/sweeps/-1", "/api/sweeps/x", "/api/sweeps/0/trials/t0000000000000000",
      "/api/sweeps/0/logs/..%2fsweep.sqlite", "/api/sweeps/0/logs/%00", "/nothing",
    ] {
      #expect(try status(HTTPRequest(path: path)) == 404, "\(path)")
    }
    for path in [
      "trials/x", "trials?sort=x", "trials?limit=0", "trials?limit=9999", "trials?after=x",
      "trials?status=x", "front.svg?scheme=x",
    ] {
      #expect(try status(HTTPRequest(path: "/api/sweeps/0/\(path)")) == 400, "\(path)")
    }
    let page = try #require(try HTTPRequest(path: "/sweeps/0/trials?filter=x").send(to: port))
    #expect(page.status == 200)
    let policy = try #require(page.headers["content-security-policy"])
    #expect(policy.contains("default-src 'none'") && !policy.contains("unsafe"))
    #expect(page.headers["x-content-type-options"] == "nosniff")
    // Headers beyond the limit end the connection, and nothing else.
    let long = String(repeating: "x", count: 100_000)
    #expect(try status(HTTPRequest(path: "/", headers: ["X-Long": long])) != 200)
    #expect(try status(HTTPRequest(path: "/")) == 200)
  }

  @Test("asks for the token with --control, and then does what the commands do")
  func control() throws {
    try finishedSweep()
    let token = bench.path("token")
    let (command, port) = try dashboard("--control", "--token-file", token)
    defer { command.send(SIGTERM) }
    #expect(command.standardOutput.contains("cat \(token)"))
    #expect(try HTTPRequest(path: "/api/sweeps").send(to: port)?.status == 401)
    let bounced = try #require(try HTTPRequest(path: "/").send(to: port))
    #expect(bounced.status == 303 && bounced.headers["location"] == "/login")
    let text = try bench.read("token").trimmingCharacters(in: .newlines)
    let origin = "http://127.0.0.1:\(port)"
    func login(_ token: String) throws -> HTTPRequest.Answer? {
      try HTTPRequest(
        method: "POST", path: "/login",
        headers: ["Origin": origin, "Content-Type": "application/x-www-form-urlencoded"],
        body: "token=\(token)"
      ).send(to: port)
    }
    for wrong in ["wrong", "", "%", "&token=", "x&token[a][b]=1"] {
      #expect(try login(wrong)?.status == 403, "\(wrong)")
    }
    // As a browser sends it, any character may be written as a percent sign and its code.
    let first = try #require(text.utf8.first)
    let answer = try #require(try login("%\(String(first, radix: 16))\(text.dropFirst())"))
    let cookie = try #require(answer.headers["set-cookie"])
    #expect(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"))
    var post = HTTPRequest(
      method: "POST", path: "/api/sweeps/0/control",
      headers: [
        "Cookie": String(cookie.prefix { $0 != ";" }), "Origin": origin,
        "Content-Type": "application/json",
      ], body: #"{"version":2,"command":"drain","host":"node-7","reason":"page"}"#)
    let done = try #require(try post.send(to: port))
    #expect(done.status == 200, "\(done.body)")
    #expect(done.body.contains("node-7"))
    post.body = #"{"version":2,"command":"discard","trials":["t0"]}"#
    #expect(try post.send(to: port)?.status == 400)
    post.headers["Origin"] = ""
    #expect(try post.send(to: port)?.status == 403)
  }

  @Test("browsers that do not read delay nobody, and their connections are closed")
  func hungBrowsers() throws {
    try finishedSweep()
    let (command, port) = try dashboard()
    defer { command.send(SIGTERM) }
    _ = try loaded(at: port)
    var hung: [Int32] = []
    defer { for descriptor in hung { close(descriptor) } }
    func hang() throws {
      let descriptor = try HTTPRequest.connect(to: port)
      // More answers than the system keeps for a reader that takes none.
      let request = "GET /page.js HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\n\r\n"
      _ = Array(String(repeating: request, count: 300).utf8).withUnsafeBytes {
        send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      hung.append(descriptor)
    }
    for _ in 0..<120 { try hang() }
    for _ in 0..<5 {
      #expect(try HTTPRequest(path: "/api/sweeps/0").send(to: port)?.status == 200)
    }
    // As many as there are places.
    for _ in 0..<8 { try hang() }
    try wait(for: "a place of a browser that hangs", of: [command]) {
      try HTTPRequest(path: "/api/sweeps/0").send(to: port)?.status == 200
    }
  }

  @Test("wrong command lines and folders are reported")
  func mistakes() throws {
    let cases: [(arguments: [String], code: Int32, words: String)] = [
      ([], 64, "dir"), ([bench.path("none")], 1, "none"),
      ([bench.path("none"), "--listen", "8080"], 64, "expected HOST:PORT"),
    ]
    for mistake in cases {
      let command = try Command(Executables.dashboard, mistake.arguments, on: bench)
      #expect(try command.exitCode() == mistake.code, "\(command.standardError)")
      #expect(command.standardError.contains(mistake.words), "\(command.standardError)")
    }
    try finishedSweep()
    let (first, port) = try dashboard()
    defer { first.send(SIGTERM) }
    let second = try Command(
      Executables.dashboard, [bench.path("out"), "--listen", "127.0.0.1:\(port)"], on: bench)
    #expect(try second.exitCode() == 1)
    #expect(second.standardError.contains("choose another port"), "\(second.standardError)")
  }

  @Test("events: a line for every fact, each once, over two runs; another sweep's file is refused")
  func events() throws {
    try finishedSweep()
    func sequences() throws -> [Int] {
      try bench.read("events.jsonl").split(separator: "\n").map { line in
        let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
        #expect(object?["version"] as? Int == 1)
        return try #require(object?["sequence"] as? Int)
      }
    }
    let first = try sequences()
    #expect(first == Array(0..<first.count))
    #expect(try bench.read("events.jsonl").components(separatedBy: "result-recorded").count == 3)
    // A line that a crash has cut short is written again.
    let cut = try bench.read("events.jsonl").dropLast(20)
    try Data(cut.utf8).write(to: URL(filePath: bench.path("events.jsonl")))
    let again = try Command(
      Executables.coordinator,
      [
        "run", try sweepFile(), "--out", bench.path("out"), "--local-workers", "1", "--events",
        bench.path("events.jsonl"),
      ], on: bench)
    #expect(try again.exitCode() == 0, "\(again.standardError)")
    let second = try sequences()
    #expect(second == Array(0..<second.count) && second.count >= first.count)
    let other = try Command(
      Executables.coordinator,
      [
        "run", try sweepFile(), "--out", bench.path("other"), "--local-workers", "1", "--events",
        bench.path("events.jsonl"),
      ], on: bench)
    #expect(try other.exitCode() == 1)
    #expect(other.standardError.contains("no events of this sweep's record"))
  }

  @Test(
    "run --dashboard starts the dashboard, at another port if its port is in use; it ends with the run"
  )
  func beside() throws {
    // Where another program has the port already, that is as good.
    let taken = HTTPRequest.listen(at: 8080)
    defer { if let taken { close(taken) } }
    let run = try Command(
      Executables.coordinator,
      [
        "run", try sweepFile(budget: "1000000 batches"), "--out", bench.path("out"),
        "--local-workers", "1", "--dashboard",
      ], on: bench)
    let mark = "dashboard: http://127.0.0.1:"
    try wait(for: "the dashboard's words", of: [run]) {
      run.standardError.contains("from another machine: ssh -L")
    }
    let words = run.standardError
    let digits = words[try #require(words.range(of: mark)).upperBound...].prefix { $0.isNumber }
    let port = try #require(Int(digits))
    #expect(port != 8080)
    #expect(try HTTPRequest(path: "/").send(to: port)?.status == 200)
    run.send(SIGKILL)
    _ = try run.exitCode()
    try wait(for: "the end of the dashboard") {
      (try? HTTPRequest(path: "/").send(to: port)) == nil
    }
  }
}
