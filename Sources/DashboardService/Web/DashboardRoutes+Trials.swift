import Coordination
import Foundation
import HTTPTypes
import Hummingbird
import Reports
import Store
import Trials

extension DashboardRoutes {
  /// Adds the paths about one trial.
  func addTrials(to api: RouterGroup<BasicRequestContext>) {
    api.get(":sweep/trials/:trial") { _, context in
      let monitor = try monitor(context).monitor
      let trial = try Self.trial(context)
      let files = SweepFiles(folder: monitor.folder)
      let recorded = try recorded(context)
      guard var detail = monitor.read({ TrialDetail(of: trial, on: $0, in: monitor.folder) }) else {
        throw AnswerError.notFound("trial \(trial) is not planned")
      }
      // Read files without holding the board's lock.
      for index in detail.attempts.indices {
        detail.attempts[index].log = files.log(
          of: recorded, attempt: detail.attempts[index].attempt)
      }
      return try Answers.json(detail)
    }
    api.get(":sweep/trials/:trial/configuration.json") { _, context in
      let recorded = try recorded(context)
      let used = recorded.result?.provenance.configuration ?? recorded.planned.configuration
      return Answers.json(made: Data((used.canonicalText + "\n").utf8))
    }
    api.get(":sweep/trials/:trial/figure1.svg") { request, context in
      let (recorded, own, ghost) = try trajectories(request, context)
      return Answers.svg(
        try Self.drawing {
          try LiveDrawings.traces(
            of: recorded, own, ghost: ghost, in: try Self.scheme(request))
        })
    }
    api.get(":sweep/trials/:trial/samples") { request, context in
      do {
        let (_, own, ghost) = try trajectories(request, context)
        return try Answers.json(
          try Self.drawing { try LiveDrawings.samples(of: own, ghost: ghost) })
      } catch let error as AnswerError where error.status == .notFound {
        // A trial that has not started has none, which is not an error.
        return Response(status: .noContent)
      }
    }
    api.get(":sweep/trials/:trial/images.png") { _, context in
      let files = SweepFiles(folder: try monitor(context).monitor.folder)
      guard
        let data = try Self.reading({
          try files.artifact(.reconstructions, of: try recorded(context))
        })
      else { throw AnswerError.notFound("the trial has no reconstructions yet") }
      let strip = try Self.drawing { try LiveDrawings.strip(of: data) }
      return Answers.bytes(Array(strip), "image/png")
    }
    api.get(":sweep/trials/:trial/latents.svg") { request, context in
      let monitor = try monitor(context).monitor
      let trial = try recorded(context)
      guard
        let data = try Self.reading({
          try SweepFiles(folder: monitor.folder).artifact(.latents, of: trial)
        })
      else { throw AnswerError.notFound("the trial has not recorded its latent traversals") }
      let title = monitor.read { $0.row(of: trial.planned.id)?.name } ?? "\(trial.planned.id)"
      return Answers.svg(
        try Self.drawing {
          try LiveDrawings.traversals(of: data, title: title, in: try Self.scheme(request))
        })
    }
  }

  private static func trial(_ context: BasicRequestContext) throws(AnswerError) -> TrialID {
    let text = context.parameters.get("trial") ?? ""
    guard let trial = TrialID(text) else {
      throw .bad("found no trial's name, expected t and 16 hexadecimal digits")
    }
    return trial
  }

  private func recorded(_ context: BasicRequestContext) throws -> RecordedTrial {
    let trial = try Self.trial(context)
    let found = try monitor(context).monitor.read { board in
      board.follower.flatMap { follower in
        follower.place(of: trial).map { follower.results.trials[$0] }
      }
    }
    guard let found else { throw AnswerError.notFound("trial \(trial) is not planned") }
    return found
  }

  /// The trial, its trajectory so far, and that of the trial drawn beneath.
  private func trajectories(
    _ request: Request, _ context: BasicRequestContext
  ) throws -> (RecordedTrial, Data, Data?) {
    let monitor = try monitor(context).monitor
    let trial = try recorded(context)
    guard let own = try Self.trajectory(of: trial.planned.id, in: monitor) else {
      throw AnswerError.notFound("the trial has no trajectory yet")
    }
    guard let text = request.uri.queryParameters["ghost"], !text.isEmpty else {
      return (trial, own, nil)
    }
    guard let ghost = TrialID(text) else {
      throw AnswerError.bad("ghost: found no trial's name, expected t and 16 hexadecimal digits")
    }
    return (trial, own, try Self.trajectory(of: ghost, in: monitor))
  }

  private static func trajectory(of trial: TrialID, in monitor: SweepMonitor) throws -> Data? {
    let (recorded, reader) = monitor.read { board in
      (
        board.follower.flatMap { follower in
          follower.place(of: trial).map { follower.results.trials[$0] }
        }, board.follower?.reader
      )
    }
    guard let recorded, let reader else { return nil }
    if recorded.result != nil {
      return try reading {
        try SweepFiles(folder: monitor.folder).artifact(.trajectory, of: recorded)
      }
    }
    return try reader.trajectories(of: [trial])[trial].map { Data($0) }
  }

  private static func reading<Value>(_ body: () throws -> Value) throws -> Value {
    do {
      return try body()
    } catch let error as AnswerError {
      throw error
    } catch {
      throw AnswerError.notFound("\(error)")
    }
  }

  private static func drawing<Value>(_ body: () throws -> Value) throws -> Value {
    do {
      return try body()
    } catch let error as LiveDrawingError {
      throw AnswerError.notFound("cannot be drawn: \(error)")
    }
  }
}

extension TrialQuery {
  /// Reads the query of a URL.
  ///
  /// - Throws: ``AnswerError`` naming the first invalid value.
  init(_ parameters: Parameters) throws(AnswerError) {
    self.init()
    func text(_ key: Substring) -> String? {
      parameters[key].map(String.init).flatMap { $0.isEmpty ? nil : $0 }
    }
    words = (text("filter") ?? "").lowercased().split(separator: " ").prefix(8).map(String.init)
    stage = text("stage")
    isDescending = text("descending") == "true"
    if let value = text("status") {
      guard let status = TrialStatus(rawValue: value) else {
        throw .bad("status: found \(value), expected waiting, running, complete, failed or stopped")
      }
      self.status = status
    }
    if let value = text("sort") {
      guard let column = Column(rawValue: value) else {
        let known = Column.allCases.map(\.rawValue).joined(separator: ", ")
        throw .bad("sort: found \(value), expected one of \(known)")
      }
      self.column = column
    }
    if let value = text("after") {
      guard let cursor = Cursor(value) else {
        throw .bad("after: found \(value), expected what `next` of a page said")
      }
      after = cursor
    }
    if let value = text("limit") {
      guard let limit = Int(value), (1...Self.rowCountMaximum).contains(limit) else {
        throw .bad("limit: found \(value), expected 1 to \(Self.rowCountMaximum)")
      }
      self.limit = limit
    }
  }
}
