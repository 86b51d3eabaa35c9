import Messaging
import Testing

@testable import CoordinatorService

@Suite("Endpoints that cannot be listened at")
struct ListenErrorTests {
  @Test(
    "place, reason and remedy are told in words",
    arguments: [
      (
        ListenError.Role.enrolment, MessagingError.Code.permissionDenied,
        "tcp://*:80 may not be used by this user; give a port with --address"
      ),
      (
        .control, .permissionDenied,
        "tcp://*:80 may not be used by this user; ports below 1024 are"
      ),
      (.control, .invalidArgument, "tcp://*:80: Invalid argument; give another --listen"),
    ])
  func words(role: ListenError.Role, code: MessagingError.Code, expected: String) {
    let error = ListenError(role: role, endpoint: .tcp(host: "*", port: 80), code: code)
    #expect(error.description.hasPrefix(expected), "\(error)")
  }
}
