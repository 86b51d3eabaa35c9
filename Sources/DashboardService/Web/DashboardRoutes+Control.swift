import CoordinatorService
import Foundation
import HTTPTypes
import Hummingbird
import Logging

extension DashboardRoutes {
  /// Commands that a page may send, named as on the command line.
  private static let commands: Set<AdministrationRequest.Command> = [
    .cancel, .retry, .drain, .undrain, .resumeStage,
  ]

  /// Adds the only path that changes something; ``AccessRules`` refuses it without `--control`.
  func addControl(to api: RouterGroup<BasicRequestContext>) {
    api.post(":sweep/control") { request, context in
      let monitor = try monitor(context).monitor
      guard request.headers[.contentType] == "application/json" else {
        throw AnswerError.bad("expected JSON")
      }
      let body = try await Self.body(of: request)
      guard
        let wanted = try? JSONDecoder().decode(
          AdministrationRequest.self, from: Data(body.readableBytesView)),
        Self.commands.contains(wanted.command),
        (wanted.trials?.count ?? 0) <= AdministrationRequest.trialCountMaximum
      else {
        let known = Self.commands.map(\.rawValue).sorted().joined(separator: ", ")
        throw AnswerError.bad("expected a request for one of \(known)")
      }
      logger.notice("a page asks: \(wanted.command.rawValue) \(Self.words(wanted))")
      do {
        let reply = try await Self.perform(wanted, in: monitor.folder)
        return try Answers.json(["changes": reply.changes ?? []])
      } catch {
        throw AnswerError(status: .conflict, description: "\(error)")
      }
    }
  }

  /// Runs on a separate thread, since it waits for the coordinator.
  private static func perform(
    _ request: AdministrationRequest, in folder: URL
  ) async throws -> AdministrationReply {
    try await withCheckedThrowingContinuation { continuation in
      Thread.detachNewThread {
        continuation.resume(with: Result { try Administration.perform(request, in: folder) })
      }
    }
  }

  private static func words(_ request: AdministrationRequest) -> String {
    [
      request.trials?.prefix(3).joined(separator: " "), request.host, request.stage,
      request.failed == true ? "all that failed" : nil,
    ].compactMap { $0 }.joined(separator: " ")
  }
}
