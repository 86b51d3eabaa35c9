import Enrolment
import Foundation
import Messaging
import Trials
import Wire

/// Answers enrolments and inquiries.
enum AccessClerk {
  /// The answer to a token's holder, who may only send a key.
  ///
  /// - Returns: nil for anything else; it is dropped.
  static func answer(
    _ frames: [[UInt8]], token: CurvePublicKey, gatekeeper: Gatekeeper,
    enrolled: (String) -> Void
  ) throws(WireError) -> AccessReply? {
    guard case .enrolment(let key, let host) = try AccessRequest(frames: frames),
      let worker = CurvePublicKey(bytes: key)
    else { return nil }
    do throws(AccessError) {
      let wasOpen = gatekeeper.isOpen(token)
      let name = try gatekeeper.enrol(worker, host: host, token: token)
      if wasOpen { enrolled(name) }
      return .enrolled(name: name)
    } catch {
      gatekeeper.note(kind: "enrolment", "refused to enrol \(host): \(error.reason)")
      return .refusal(reason: error.reason, remedy: error.remedy)
    }
  }

  /// The answer to an inquiry; nil if the frames are not an inquiry.
  static func answer(
    inquiry frames: [[UInt8]], dataPort: UInt16, sweep: String, name: String?
  ) throws(WireError) -> AccessReply? {
    guard case .inquiry = try AccessRequest(frames: frames) else { return nil }
    return .introduction(
      .init(
        productVersion: ProductVersion.current,
        unixMilliseconds: Int(Date().timeIntervalSince1970 * 1000), dataPort: dataPort,
        sweep: sweep, name: name))
  }
}
