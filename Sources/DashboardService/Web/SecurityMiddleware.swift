import Foundation
import HTTPTypes
import Hummingbird
import Logging

/// Checks every request against the ``AccessRules`` and adds security headers to every answer.
struct SecurityMiddleware: RouterMiddleware {
  typealias Context = BasicRequestContext

  /// The current rules; the port is known once it is bound.
  let rules: @Sendable () -> AccessRules

  /// Allows scripts, styles and images from this origin only, nothing inline and no frames.
  static let policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    + "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

  func handle(
    _ request: Request, context: Context, next: (Request, Context) async throws -> Response
  ) async throws -> Response {
    var response: Response
    do {
      try rules().check(AccessRules.Head(request))
      response = try await next(request, context)
    } catch let refusal as AccessRules.Refusal {
      response = Self.answer(to: refusal, of: request)
    } catch let error as AnswerError {
      response = Answers.text(error.description, status: error.status)
    } catch let error as HTTPError {
      response = Answers.text(error.body ?? error.status.reasonPhrase, status: error.status)
    } catch let error as any HTTPResponseError {
      response = try error.response(from: request, context: context)
    } catch let error as CancellationError {
      throw error
    } catch {
      context.logger.error("\(request.uri.path): \(error)")
      response = Answers.text("\(error)", status: .internalServerError)
    }
    response.headers[.contentSecurityPolicy] = Self.policy
    response.headers[.xContentTypeOptions] = "nosniff"
    // With "no-referrer" browsers would send `Origin: null` with a form, which is refused.
    response.headers[.referrerPolicy] = "same-origin"
    response.headers[.crossOriginResourcePolicy] = "same-origin"
    response.headers[.crossOriginOpenerPolicy] = "same-origin"
    if response.headers[.cacheControl] == nil { response.headers[.cacheControl] = "no-store" }
    return response
  }

  private static func answer(to refusal: AccessRules.Refusal, of request: Request) -> Response {
    switch refusal {
    case .host:
      return Answers.text(
        "found another host's name, expected this dashboard's: open the address that it printed",
        status: .misdirectedRequest)
    case .origin: return Answers.text("found a request of another site's page", status: .forbidden)
    case .readOnly:
      return Answers.text(
        "this dashboard is read-only; `dashboard --control` allows changes", status: .forbidden)
    case .method:
      return Answers.text("expected GET, or POST to change something", status: .methodNotAllowed)
    case .token:
      guard request.method == .get, !AccessRules.isData(request.uri.path) else {
        return Answers.text("the request has no valid token", status: .unauthorized)
      }
      return Response(status: .seeOther, headers: [.location: "/login"])
    }
  }
}

extension AccessRules.Head {
  fileprivate init(_ request: Request) {
    self.init(
      method: request.method.rawValue, path: request.uri.path, host: request.head.authority,
      origin: request.headers[.origin], fetchSite: request.headers[.secFetchSite],
      cookie: request.headers[.cookie], authorization: request.headers[.authorization])
  }
}

extension HTTPField.Name {
  fileprivate static let secFetchSite = HTTPField.Name("Sec-Fetch-Site")!
  fileprivate static let referrerPolicy = HTTPField.Name("Referrer-Policy")!
  fileprivate static let crossOriginOpenerPolicy = HTTPField.Name("Cross-Origin-Opener-Policy")!
}

/// Why a request cannot be answered.
struct AnswerError: Error, CustomStringConvertible {
  var status: HTTPResponse.Status
  var description: String

  /// Nothing is there by that name.
  static func notFound(_ description: String) -> AnswerError {
    AnswerError(status: .notFound, description: description)
  }

  /// The request is not one.
  static func bad(_ description: String) -> AnswerError {
    AnswerError(status: .badRequest, description: description)
  }
}
