import Digests
import Foundation
import Synchronization

/// The sessions of browsers that have given the token, identified by cookies.
final class Sessions: Sendable {
  /// The cookie's name.
  static let cookie = "bottlenecksweep"
  /// How long a cookie is good, in seconds.
  static let lifetime = 7 * 24 * 3600
  /// Most sessions; beyond that the oldest must give the token again.
  private static let countMaximum = 256

  private let opened = Mutex<[(digest: Digest, time: Date)]>([])

  /// Opens a session and returns the `Set-Cookie` header.
  ///
  /// Cookies are shared between ports, so each dashboard's cookie name contains its port.
  func open(port: Int, at time: Date = Date()) -> String {
    let secret = AccessToken.draw()
    opened.withLock { opened in
      if opened.count == Self.countMaximum { opened.removeFirst() }
      opened.append((Digest.of(secret), time))
    }
    return "\(Self.cookie)-\(port)=\(secret); Path=/; Max-Age=\(Self.lifetime); HttpOnly; "
      + "SameSite=Strict"
  }

  /// Whether a `Cookie` header is of an open session.
  func admits(_ header: String?, port: Int, at time: Date = Date()) -> Bool {
    guard let header else { return false }
    let name = "\(Self.cookie)-\(port)="
    return header.split(separator: ";").contains { part in
      let text = part.trimmingCharacters(in: .whitespaces)
      guard text.hasPrefix(name) else { return false }
      let digest = Digest.of(String(text.dropFirst(name.count)))
      return opened.withLock { opened in
        opened.contains {
          $0.digest == digest && time.timeIntervalSince($0.time) < Double(Self.lifetime)
        }
      }
    }
  }
}
