import Synchronization
import Trials

/// The canonical texts of workers' versions: few distinct ones, for each kind of worker, so that
/// each is encoded once.
final class VersionTexts: Sendable {
  private static let memoryCount = 256
  private let texts = Mutex<[[String: String]: String]>([:])

  /// The text of some versions.
  func text(of versions: [String: String]) -> String {
    if let known = texts.withLock({ $0[versions] }) { return known }
    let text = CanonicalJSON.text(versions)
    texts.withLock { texts in
      if texts.count < Self.memoryCount { texts[versions] = text }
    }
    return text
  }
}
