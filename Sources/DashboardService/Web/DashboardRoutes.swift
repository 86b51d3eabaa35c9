import CoordinatorService
import Foundation
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Reports
import Store
import Trials

/// The paths of the dashboard.
///
/// - `/`, `/sweeps/…`: the page, whose script reads its own address.
/// - `/api/sweeps`, `/api/sweeps/INDEX`, and below it `trials`, `trials/ID`, `…/samples`,
///   `…/figure1.svg`, `…/images.png`, `…/configuration.json`, `front.svg`, `progress.svg`, `table1`,
///   `facts`, `logs`, `logs/NAME`, `events` (server-sent), and `control` by POST.
/// - `/metrics`: see ``MetricsText``.
struct DashboardRoutes: Sendable {
  /// The largest body that a request may have, in bytes.
  private static let bodyByteCountMaximum = 16 << 10
  /// Interval of keep-alive events to a listening page, in half seconds.
  private static let heartbeat = 30

  let monitors: [SweepMonitor]
  let rules: @Sendable () -> AccessRules
  let logger: Logger

  /// A router of all of them.
  func router() -> Router<BasicRequestContext> {
    let router = Router(options: .autoGenerateHeadEndpoints)
    router.add(middleware: SecurityMiddleware(rules: rules))
    router.get("/page.js") { _, _ in Pages.script }
    router.get("/parts.js") { _, _ in Pages.parts }
    router.get("/page.css") { _, _ in Pages.style }
    // Browsers request it by themselves; a missing one is not an error.
    router.get("/favicon.ico") { _, _ in Response(status: .noContent) }
    for path in ["/", "/sweeps/**"] { router.get(RouterPath(path)) { _, _ in Pages.page } }
    addLogin(to: router)
    router.get("/metrics") { _, _ in
      Answers.bytes(Array(MetricsText(of: monitors).text.utf8), MetricsText.type)
    }
    let api = router.group("/api/sweeps")
    api.get { _, _ in
      try Answers.json(["sweeps": monitors.indices.map { monitors[$0].entry(index: $0) }])
    }
    api.get(":sweep") { _, context in
      let (monitor, index) = try monitor(context)
      let drawn = monitor.drawn
      let isControlled = rules().allowsControl
      return try Answers.json(
        monitor.read { board in
          SweepSummary(
            of: &board, index: index, folder: monitor.folder, drawn: drawn,
            allowsControl: isControlled)
        })
    }
    api.get(":sweep/trials") { request, context in
      let query = try TrialQuery(request.uri.queryParameters)
      let rows = try monitor(context).monitor.read { $0.rows }
      return try Answers.json(query.page(of: rows))
    }
    api.get(":sweep/facts") { request, context in
      let after = request.uri.queryParameters.get("after", as: Int.self) ?? 0
      return try Answers.json(try monitor(context).monitor.read { FactPage(of: $0, after: after) })
    }
    api.get(":sweep/front.svg") { request, context in
      let front = try monitor(context).monitor.drawn.front
      guard let front else { throw AnswerError.notFound("the front is not drawn yet") }
      return Answers.svg(front.svg(in: try Self.scheme(request)))
    }
    api.get(":sweep/progress.svg") { request, context in
      let front = try monitor(context).monitor.drawn.front
      guard let front else { throw AnswerError.notFound("the front is not drawn yet") }
      return Answers.svg(front.progressSVG(in: try Self.scheme(request)))
    }
    api.get(":sweep/table1") { _, context in
      let front = try monitor(context).monitor.drawn.front
      return Answers.json(made: front?.table1 ?? Data("{\"rows\":[]}".utf8))
    }
    api.get(":sweep/logs") { _, context in
      try Answers.json(["logs": SweepFiles(folder: try monitor(context).monitor.folder).logNames])
    }
    api.get(":sweep/logs/:name") { _, context in
      let files = SweepFiles(folder: try monitor(context).monitor.folder)
      let name = (context.parameters.get("name") ?? "").removingPercentEncoding ?? ""
      guard let text = files.log(named: name) else {
        throw AnswerError.notFound("no log of that name")
      }
      return Answers.text(text)
    }
    api.get(":sweep/events") { _, context in try events(of: monitor(context).monitor) }
    addTrials(to: api)
    addControl(to: api)
    return router
  }

  private func addLogin(to router: Router<BasicRequestContext>) {
    router.get("/login") { _, _ in Pages.login }
    router.post("/login") { request, _ in
      let rules = rules()
      let text = String(buffer: try await Self.body(of: request))
      let form = try? URLEncodedFormDecoder().decode(LoginForm.self, from: text)
      // Delay each failed attempt by a second to prevent guessing.
      guard let token = rules.token, let form, token.matches(form.token) else {
        try await Task.sleep(for: .seconds(1))
        return Answers.text("that is not the token", status: .forbidden)
      }
      return Response(
        status: .seeOther,
        headers: [.location: "/", .setCookie: rules.sessions.open(port: rules.address.port)])
    }
  }

  /// The sweep of the index in a path.
  func monitor(_ context: BasicRequestContext) throws(AnswerError) -> (
    monitor: SweepMonitor, index: Int
  ) {
    guard let index = context.parameters.get("sweep", as: Int.self),
      monitors.indices.contains(index)
    else {
      throw .notFound("no such sweep; this dashboard shows \(monitors.count), from 0 on")
    }
    return (monitors[index], index)
  }

  /// The requested colour scheme of a drawing.
  static func scheme(_ request: Request) throws(AnswerError) -> ColourScheme {
    guard let text = request.uri.queryParameters["scheme"] else { return .light }
    guard let scheme = ColourScheme(rawValue: String(text)) else {
      throw .bad("scheme: found \(text), expected light or dark")
    }
    return scheme
  }

  /// Reads a request's body, a form or JSON, to a limit.
  static func body(of request: Request) async throws -> ByteBuffer {
    var request = request
    return try await request.collectBody(upTo: bodyByteCountMaximum)
  }

  /// Sends an event for every change, at most twice a second, until the page disconnects.
  ///
  /// The event has only the revision; the page then requests what it needs.
  private func events(of monitor: SweepMonitor) -> Response {
    Response(
      status: .ok,
      headers: [.contentType: "text/event-stream", .cacheControl: "no-store"],
      body: ResponseBody { writer in
        var seen = -1
        var silence = 0
        while !Task.isCancelled {
          let revision = monitor.read { $0.revision }
          if revision != seen {
            seen = revision
            silence = 0
            try await writer.write(ByteBuffer(string: "data: {\"revision\":\(revision)}\n\n"))
          } else {
            silence += 1
            if silence.isMultiple(of: Self.heartbeat) {
              try await writer.write(ByteBuffer(string: ": still here\n\n"))
            }
          }
          try await Task.sleep(for: .milliseconds(500))
        }
        try await writer.finish(nil)
      })
  }
}

/// The facts after a given one.
struct FactPage: Encodable, Sendable {
  /// Oldest first.
  var facts: [Fact]
  /// Whether older ones after the named one are no longer kept.
  var isCut: Bool
  var sequence: Int

  /// The most facts of one answer.
  private static let countMaximum = 500

  init(of board: SweepBoard, after: Int) {
    let newer = board.facts.filter { $0.sequence > after }
    facts = newer.suffix(Self.countMaximum)
    isCut = newer.count > Self.countMaximum || after < board.lastDropped
    sequence = board.follower?.sequence ?? 0
  }
}

/// What the page that asks for the token sends.
private struct LoginForm: Decodable {
  var token: String
}

/// A sweep in the list of all.
struct SweepEntry: Encodable, Sendable {
  var index: Int
  var sweep: String
  var folder: String
  var counts: SweepStatus.Counts
  var isRunning: Bool
  var problem: String?
}

extension SweepMonitor {
  /// The entry of this sweep in the list.
  fileprivate func entry(index: Int) -> SweepEntry {
    read { board in
      SweepEntry(
        index: index, sweep: board.plan.name, folder: folder.relativePath, counts: board.counts,
        isRunning: board.live != nil, problem: board.problem)
    }
  }
}
