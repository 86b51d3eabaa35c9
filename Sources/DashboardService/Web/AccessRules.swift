import Foundation

/// Which requests are answered.
struct AccessRules: Sendable {
  /// What of a request decides.
  struct Head: Hashable, Sendable {
    var method: String
    var path: String
    var host: String?
    var origin: String?
    /// `Sec-Fetch-Site`, by which browsers say who sent the request.
    var fetchSite: String?
    var cookie: String?
    var authorization: String?
  }

  /// Why a request is not answered.
  enum Refusal: Error, Hashable, Sendable {
    /// It names another host: a page of somebody else's leads here.
    case host
    /// A page from elsewhere sent it.
    case origin
    /// Nobody has shown the token.
    case token
    /// It would change something, and this dashboard only shows.
    case readOnly
    /// It uses a method that nothing here has.
    case method
  }

  /// The address as it is bound.
  var address: ListenAddress
  /// The token that must have been shown; nil where none is needed.
  var token: AccessToken?
  /// Whether trials may be cancelled and so on.
  var allowsControl: Bool
  var sessions = Sessions()

  /// Paths that are answered without a token: they show nothing of a sweep.
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
    // A browser sends `null` or another's name for what somebody else's page does.
    if let origin = head.origin, origin != "http://\(host)" { throw .origin }
    if let site = head.fetchSite, !["same-origin", "none"].contains(site) {
      // A link from elsewhere may open a page; it may read nothing and change nothing.
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
