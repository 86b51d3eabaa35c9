import Files
import Foundation
import Messaging

/// A token that enrols one worker's host: the coordinator's public key and a one-time secret key.
///
/// The coordinator keeps only the pair's public key. A connection with the pair is admitted while
/// the token is valid, and may only send the worker's own key. So a peer without a token cannot
/// connect at all, and there is nothing to guess.
package struct EnrolmentToken: Sendable {
  /// The coordinator to enrol with.
  package let coordinator: CurvePublicKey
  /// The pair to connect with.
  package let keys: CurveKeyPair

  private static let prefix = "bns1_"

  /// A new token.
  package static func generate(for coordinator: CurvePublicKey) throws(AccessError)
    -> EnrolmentToken
  {
    do {
      return EnrolmentToken(coordinator: coordinator, keys: try .generate())
    } catch {
      throw .noCurve
    }
  }

  private init(coordinator: CurvePublicKey, keys: CurveKeyPair) {
    self.coordinator = coordinator
    self.keys = keys
  }

  /// Reads a token.
  ///
  /// - Throws: ``AccessError`` if the text is not a token or is incomplete.
  package init(_ text: String) throws(AccessError) {
    let digits = text.hasPrefix(Self.prefix) ? text.dropFirst(Self.prefix.count) : ""
    guard digits.utf8.count == 128, let coordinator = CurvePublicKey(String(digits.prefix(64))),
      let secret = CurveSecretKey(String(digits.suffix(64)))
    else {
      throw AccessError(
        "token: found \(text.utf8.count) characters, expected 133 that begin with \(Self.prefix)",
        remedy: "copy the whole command that `coordinator enroll` printed")
    }
    self.coordinator = coordinator
    do {
      keys = try CurveKeyPair(secretKey: secret)
    } catch {
      throw .noCurve
    }
  }

  /// The token as text, to be copied to the worker's host; it is as secret as a password.
  package var exposed: String { Self.prefix + "\(coordinator)" + keys.secretKey.exposed }
}

/// A coordinator's list of its tokens.
struct TokenList: Codable, Hashable {
  struct Entry: Codable, Hashable {
    /// The public key of the token's pair.
    var key: String
    /// What the worker is to be called; nil for the name of its host.
    var name: String?
    /// Whether several hosts may use the worker's key.
    var shared: Bool?
    var expires: Date
    /// The worker's key that it was used for.
    var usedFor: String?
  }

  var entries: [Entry] = []

  static let fileName = "tokens.json"
  /// How long expired tokens are kept, for error messages.
  static let memory: TimeInterval = 7 * 86_400

  func entry(of key: CurvePublicKey) -> Entry? {
    let text = "\(key)"
    return entries.first { $0.key == text }
  }
}

extension KeyFolder {
  func tokens() throws(AccessError) -> TokenList {
    try value(TokenList.fileName) ?? TokenList()
  }

  /// Makes a token that enrols one worker.
  ///
  /// - Parameters:
  ///   - name: What the worker is to be called; nil for the name of its host.
  ///   - isShared: Whether several hosts may use the worker's key.
  ///   - validity: How long it can be used.
  package func makeToken(
    name: String?, isShared: Bool = false, validity: Duration, at now: Date
  ) throws(AccessError) -> EnrolmentToken {
    let coordinator = try keysMadeIfMissing(of: .coordinator)
    let token = try EnrolmentToken.generate(for: coordinator.publicKey)
    if let name {
      try AllowList.check(name)
      if try allowList().entries.contains(where: { $0.name == name && $0.revoked == nil }) {
        throw AccessError(
          "the name \(name) is that of an admitted worker",
          remedy: "give another name, or `coordinator revoke \(ShellWord.quoted(name))` first")
      }
    }
    try locked { () throws(AccessError) in
      var list = try tokens()
      list.entries.removeAll { now.timeIntervalSince($0.expires) > TokenList.memory }
      list.entries.append(
        .init(
          key: "\(token.keys.publicKey)", name: name, shared: isShared ? true : nil,
          expires: now.addingTimeInterval(TimeInterval(validity.components.seconds))))
      try writeValue(list, TokenList.fileName)
    }
    return token
  }

  /// Whether a token still waits to be used.
  package func isOpen(_ token: CurvePublicKey, at now: Date) throws(AccessError) -> Bool {
    guard let entry = try tokens().entry(of: token) else { return false }
    return entry.usedFor == nil && entry.expires > now
  }

  /// Whether a token was used.
  package func isUsed(_ token: CurvePublicKey) throws(AccessError) -> Bool {
    try tokens().entry(of: token)?.usedFor != nil
  }

  /// Admits a worker's key for a token, which is then used up.
  ///
  /// The same worker may repeat the request, since an answer may be lost.
  ///
  /// - Returns: The worker's name.
  /// - Throws: ``AccessError`` if the token is not valid or the key was revoked.
  package func enrol(
    _ worker: CurvePublicKey, host: String, token: CurvePublicKey, at now: Date
  ) throws(AccessError) -> String {
    try locked { () throws(AccessError) in
      var tokens = try tokens()
      var list = try allowList()
      guard let index = tokens.entries.firstIndex(where: { $0.key == "\(token)" }) else {
        throw AccessError("the token is unknown here", remedy: Self.tokenRemedy)
      }
      let entry = tokens.entries[index]
      let known = list.entry(of: worker)
      if known?.revoked != nil {
        throw AccessError(
          "the key of this host was revoked",
          remedy: "make another with `worker key --new`, and enrol it with a new token")
      }
      if let usedFor = entry.usedFor {
        guard usedFor == "\(worker)", let known else {
          throw AccessError("the token was used already", remedy: Self.tokenRemedy)
        }
        return known.name
      }
      guard entry.expires > now else {
        throw AccessError("the token has expired", remedy: Self.tokenRemedy)
      }
      let name = known?.name ?? entry.name ?? list.freeName(like: host)
      try list.admit(worker, as: name, isShared: entry.shared ?? false, at: now)
      tokens.entries[index].usedFor = "\(worker)"
      // Write the token first: after a crash in between, it is used and cannot be used again.
      try writeValue(tokens, TokenList.fileName)
      try writeValue(list, AllowList.fileName)
      return name
    }
  }

  private static var tokenRemedy: String { "make a new one with `coordinator enroll`" }
}
