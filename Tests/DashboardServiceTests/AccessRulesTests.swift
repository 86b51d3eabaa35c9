import Foundation
import TestSupport
import Testing

@testable import DashboardService

@Suite("Access to the dashboard")
struct AccessRulesTests {
  let loopback = AccessRules(address: .init("127.0.0.1:8080")!, allowsControl: false)

  private func head(
    _ method: String = "GET", _ path: String = "/api/sweeps", host: String? = "127.0.0.1:8080",
    origin: String? = nil, site: String? = nil, cookie: String? = nil, authorization: String? = nil
  ) -> AccessRules.Head {
    AccessRules.Head(
      method: method, path: path, host: host, origin: origin, fetchSite: site, cookie: cookie,
      authorization: authorization)
  }

  private func refusal(
    _ rules: AccessRules, _ head: AccessRules.Head
  ) -> AccessRules.Refusal? {
    do {
      try rules.check(head)
      return nil
    } catch {
      return error
    }
  }

  @Test(
    "At a loopback address, only requests with a loopback host name are answered, with any port",
    arguments: [
      ("127.0.0.1:8080", true), ("localhost:9000", true), ("[::1]:8080", true), ("localhost", true),
      ("evil.example:8080", false), ("127.0.0.1.evil.example", false), ("10.0.0.1:8080", false),
      ("", false), ("localhost:99999", false), ("user@localhost", false),
    ])
  func hosts(host: String, isAnswered: Bool) {
    #expect(refusal(loopback, head(host: host)) == (isAnswered ? nil : .host))
  }

  @Test("A request without a host is refused")
  func noHost() { #expect(refusal(loopback, head(host: nil)) == .host) }

  @Test(
    "At 0.0.0.0, requests with IP addresses or this machine's name are answered, others are refused"
  )
  func wildcard() {
    let rules = AccessRules(address: .init("0.0.0.0:80")!, allowsControl: false)
    let own = ProcessInfo.processInfo.hostName
    #expect(refusal(rules, head(host: "10.1.2.3")) == nil)
    #expect(refusal(rules, head(host: "[fe80::1]:80")) == nil)
    #expect(refusal(rules, head(host: own)) == nil)
    #expect(refusal(rules, head(host: "evil.example")) == .host)
  }

  @Test("Requests of pages of other sites are refused")
  func origins() {
    #expect(refusal(loopback, head(origin: "http://127.0.0.1:8080")) == nil)
    for origin in [
      "http://evil.example", "null", "http://localhost:8080", "https://127.0.0.1:8080",
    ] {
      #expect(refusal(loopback, head(origin: origin)) == .origin)
    }
    for path in ["/api/sweeps", "//api/sweeps", "/api//sweeps"] {
      #expect(refusal(loopback, head("GET", path, site: "cross-site")) == .origin)
    }
    #expect(refusal(loopback, head("GET", "/metrics", site: "same-site")) == .origin)
    // A link from elsewhere may open the page.
    #expect(refusal(loopback, head("GET", "/sweeps/0", site: "cross-site")) == nil)
  }

  @Test("Only with --control can a request change something, and only from this dashboard's pages")
  func control() {
    let origin = "http://127.0.0.1:8080"
    let post = head("POST", "/api/sweeps/0/control", origin: origin)
    #expect(refusal(loopback, post) == .readOnly)
    var rules = loopback
    rules.allowsControl = true
    #expect(refusal(rules, post) == nil)
    #expect(refusal(rules, head("POST", "/api/sweeps/0/control")) == .origin)
    #expect(refusal(rules, head("DELETE", origin: origin)) == .method)
  }

  @Test("With a token, nothing of a sweep is shown before the login")
  func token() throws {
    let folder = try TemporaryFolder()
    var rules = loopback
    let token = try AccessToken(file: folder.file("keys/token"))
    rules.token = token
    let text = try String(contentsOf: token.file, encoding: .utf8)
    for path in ["/", "/api/sweeps", "/metrics", "/sweeps/0", "/page.js"] {
      #expect(refusal(rules, head("GET", path)) == .token)
    }
    #expect(refusal(rules, head("GET", "/login")) == nil)
    let bearer = "Bearer " + text.trimmingCharacters(in: .newlines)
    #expect(refusal(rules, head(authorization: bearer)) == nil)
    #expect(refusal(rules, head(authorization: bearer + "0")) == .token)
    #expect(refusal(rules, head(cookie: "bottlenecksweep-8080=\(text)")) == .token)
    let cookie = rules.sessions.open(port: 8080)
    #expect(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"))
    let pair = String(cookie.prefix { $0 != ";" })
    #expect(refusal(rules, head(cookie: "other=1; \(pair)")) == nil)
    #expect(!rules.sessions.admits(pair, port: 8081))
    #expect(
      !rules.sessions.admits(
        pair, port: 8080, at: Date() + Double(Sessions.lifetime) + 1))
  }

  @Test(
    "A token file is created once, readable by its owner only; one that others can read is refused")
  func tokenFile() throws {
    let folder = try TemporaryFolder()
    let file = folder.file("token")
    _ = try AccessToken(file: file)
    let first = try Data(contentsOf: file)
    _ = try AccessToken(file: file)
    #expect(try Data(contentsOf: file) == first)
    let attributes = try FileManager.default.attributesOfItem(atPath: file.path)
    #expect(attributes[.posixPermissions] as? Int == 0o600)
    chmod(file.path, 0o640)
    #expect(throws: AccessTokenError.self) { try AccessToken(file: file) }
    try Data("short\n".utf8).write(to: file)
    chmod(file.path, 0o600)
    #expect(throws: AccessTokenError.self) { try AccessToken(file: file) }
  }

  @Test(
    "Listen addresses",
    arguments: [
      ("127.0.0.1:8080", true), ("[::1]:0", true), ("localhost:1", true), ("0.0.0.0:80", false),
      ("node7:8080", false), ("[::]:1", false),
    ])
  func addresses(text: String, isLoopback: Bool) throws {
    let address = try #require(ListenAddress(text))
    #expect(address.isLoopback == isLoopback)
    #expect(address.description == text)
  }

  @Test(
    "Invalid listen addresses are refused",
    arguments: [
      "", "8080", "127.0.0.1", ":8080", "::1:8080", "[::1]", "a b:1", "host:65536", "host:-1",
      "http://host:80",
    ])
  func noAddresses(text: String) { #expect(ListenAddress(text) == nil) }
}
