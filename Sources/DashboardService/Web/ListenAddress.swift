import Foundation
import Glibc

/// Where the dashboard listens: an address or a host's name, and a port.
package struct ListenAddress: Hashable, Sendable, CustomStringConvertible {
  /// The default address.
  package static let standard = ListenAddress(host: "127.0.0.1", port: 8080)

  /// An address, without brackets, or a name.
  package let host: String
  /// 0 for any that is free.
  package let port: Int

  init(host: String, port: Int) {
    self.host = host
    self.port = port
  }

  /// Reads `HOST:PORT`, with brackets around an address of version 6; nil for anything else.
  package init?(_ text: String) {
    guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...])
    else { return nil }
    var host = String(text[..<colon])
    if host.hasPrefix("[") {
      guard host.hasSuffix("]") else { return nil }
      host = String(host.dropFirst().dropLast())
      guard Self.isAddress6(host) else { return nil }
    } else {
      guard Self.isName(host) else { return nil }
    }
    self.init(host: host, port: Int(port))
  }

  package var description: String { "\(bracketedHost):\(port)" }

  /// The host in the form of URLs.
  var bracketedHost: String { host.contains(":") ? "[\(host)]" : host }

  /// Whether only this machine can reach it.
  package var isLoopback: Bool { Self.isLoopback(host) }

  /// Whether it is every address of this machine.
  var isWildcard: Bool { ["0.0.0.0", "::"].contains(host) }

  /// Whether a request that names a host may be answered here.
  ///
  /// After DNS rebinding, a foreign page sends its own host name. Loopback is accepted with any
  /// port, because a tunnel has its own.
  ///
  /// - Parameter header: The `Host` header.
  func accepts(hostHeader header: String) -> Bool {
    guard let host = Self.host(ofHeader: header)?.lowercased() else { return false }
    if Self.isLoopback(host) { return true }
    guard !isLoopback else { return false }
    if host == self.host.lowercased() { return true }
    guard isWildcard else { return false }
    return Self.isAddress4(host) || Self.isAddress6(host) || Self.ownNames.contains(host)
  }

  private static func host(ofHeader header: String) -> String? {
    if let address = ListenAddress(header) { return address.host }
    if header.hasPrefix("["), header.hasSuffix("]") { return String(header.dropFirst().dropLast()) }
    return isName(header) ? header : nil
  }

  private static func isLoopback(_ host: String) -> Bool {
    host == "localhost" || host == "::1" || (isAddress4(host) && host.hasPrefix("127."))
  }

  private static func isName(_ text: String) -> Bool {
    (1...253).contains(text.utf8.count)
      && text.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"),
          UInt8(ascii: "_"):
          true
        default: false
        }
      }
  }

  private static func isAddress4(_ text: String) -> Bool {
    var address = in_addr()
    return inet_pton(AF_INET, text, &address) == 1
  }

  private static func isAddress6(_ text: String) -> Bool {
    var address = in6_addr()
    return inet_pton(AF_INET6, text, &address) == 1
  }

  /// The names of this machine, with and without domain.
  private static let ownNames: Set<String> = {
    let name = ProcessInfo.processInfo.hostName.lowercased()
    return [name, String(name.prefix { $0 != "." })]
  }()
}
