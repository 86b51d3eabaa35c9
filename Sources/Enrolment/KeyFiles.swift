import Foundation
import Messaging

extension KeyFolder {
  /// The owner of a key pair.
  package enum Owner: String, Sendable {
    case coordinator, worker

    /// The file of the secret key, from which the public key is computed.
    package var fileName: String { "\(rawValue).key" }
  }

  /// The key pair of an owner; nil if there is none yet.
  ///
  /// - Throws: ``AccessError`` when the file is damaged or others can read it.
  package func keys(of owner: Owner) throws(AccessError) -> CurveKeyPair? {
    guard let data = try read(owner.fileName) else { return nil }
    let text = String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    guard let secret = CurveSecretKey(text) else {
      throw AccessError(
        "\(url.appending(path: owner.fileName).path): found \(data.count) bytes, expected 64 "
          + "hexadecimal digits", remedy: "restore the file, or delete it to make new keys")
    }
    do {
      return try CurveKeyPair(secretKey: secret)
    } catch {
      throw .noCurve
    }
  }

  /// The key pair of an owner, created if there is none.
  ///
  /// - Parameter renewing: Whether to make a new pair in any case.
  package func keysMadeIfMissing(
    of owner: Owner, renewing: Bool = false
  ) throws(AccessError) -> CurveKeyPair {
    try locked { () throws(AccessError) in
      if !renewing, let keys = try keys(of: owner) { return keys }
      let keys: CurveKeyPair
      do {
        keys = try .generate()
      } catch {
        throw .noCurve
      }
      try write(Data((keys.secretKey.exposed + "\n").utf8), owner.fileName)
      return keys
    }
  }

  private static var trustedFileName: String { "coordinator.pub" }

  /// The public key of the coordinator that this worker's host trusts; nil when there is none.
  package func trustedCoordinator() throws(AccessError) -> CurvePublicKey? {
    guard let data = try read(Self.trustedFileName) else { return nil }
    let text = String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    guard let key = CurvePublicKey(text) else {
      throw AccessError(
        "\(url.appending(path: Self.trustedFileName).path): found \"\(text.prefix(80))\", expected "
          + "64 hexadecimal digits", remedy: "worker trust COORDINATOR-PUBLIC-KEY")
    }
    return key
  }

  /// Stores a key as the only trusted coordinator of this host.
  ///
  /// - Returns: The previously trusted key, if it was another one.
  package func trust(_ coordinator: CurvePublicKey) throws(AccessError) -> CurvePublicKey? {
    let before = try? trustedCoordinator()
    try write(Data("\(coordinator)\n".utf8), Self.trustedFileName)
    return before == coordinator ? nil : before
  }
}

extension AccessError {
  /// libzmq does not support encryption.
  package static var noCurve: AccessError {
    AccessError(
      "libzmq \(Context.libraryVersion) was built without CURVE, expected with it",
      remedy: "install the distribution's libzmq5")
  }
}
