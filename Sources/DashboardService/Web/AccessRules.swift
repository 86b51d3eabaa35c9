import Foundation

/// Decides which requests are answered.
struct AccessRules: Sendable {
  /// The parts of a request that matter.
  struct Head: Hashable, Sendable {
    var method: String
    var path: String
    var host: String?
    var origin: String?
    /// `Sec-Fetch-Site`, with which browsers name the sender of a request.
    var fetchSite: String?
    var cookie: String?
    var authorization: String?
  }

  /// Why a request is not answered.
  enum Refusal: Error, Hashable, Sendable {
    /// It names another host, as from a foreign page.
    case host
    /// A foreign page sent it.
    case origin
    /// The token was not given.
    case token
    /// It would change something, and this dashboard is read-only.
    case readOnly
    /// It uses an unsupported method.
    case method
  }

  /// The address as it is bound.
  var address: ListenAddress
  /// The required token; nil if none is needed.
  var token: AccessToken?
  /// Whether trials may be cancelled and so on.
  var allowsControl: Bool
  var sessions = Sessions()

  /// Paths that are answered without a token, since they show no sweep data.
  private static let open: Set<String> = ["/login", "/page.css", "/favicon.ico"]

  /// Whether a path leads to data, not to a page.
  ///
  /// Empty parts do not count, as for the router.
  static func isData(_ path: String) -> Bool {
    let first = path.split(separator: "/").first
    return first == "api" || first == "metrics"
  }

  /// - Throws: ``Refusal``
  func check(_ head: Head) throws(Refusal) {
    guard let host = head.host, address.accepts(hostHeader: host) else { throw .host }
    // For requests of a foreign page, a browser sends `null` or that page's host.
    if let origin = head.origin, origin != "http://\(host)" { throw .origin }
    if let site = head.fetchSite, !["same-origin", "none"].contains(site) {
      // A foreign link may open a page, but not read data or change anything.
      guard head.method == "GET", !Self.isData(head.path) else { throw .origin }
    }
    switch head.method {
    case "GET", "HEAD": break
    case "POST":
      guard head.origin != nil else { throw .origin }
      if head.path != "/login", !allowsControl { throw .readOnly }
    default: throw .method
    }
    guard let token, !Self.open.contains(head.path) else { return }
    if sessions.admits(head.cookie, port: address.port) { return }
    let bearer = "Bearer "
    if let authorization = head.authorization, authorization.hasPrefix(bearer),
      token.matches(String(authorization.dropFirst(bearer.count)))
    {
      return
    }
    throw .token
  }
}
