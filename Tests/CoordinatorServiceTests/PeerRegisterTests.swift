import Coordination
import Testing

@testable import CoordinatorService

@Suite("Connections and their keys")
struct PeerRegisterTests {
  private func connection(_ number: UInt8) -> ConnectionID { ConnectionID([0, number]) }

  @Test("Workers of one host share a key; another host with it is refused while it is in use")
  func sharedKey() {
    var register = PeerRegister()
    #expect(register.claim("k", host: "a", at: .zero) == nil)
    register.heard("k", name: "alpha", on: connection(1), at: .zero)
    #expect(register.claim("k", host: "a", at: .seconds(1)) == nil)
    register.heard("k", name: "alpha", on: connection(2), at: .seconds(1))
    #expect(register.claim("k", host: "b", at: .seconds(2)) == "a")
    #expect(register.claim("other", host: "b", at: .seconds(2)) == nil)
    // After the tenure, the key may have moved to another host.
    let later = Duration.seconds(1) + PeerRegister.hostTenure
    #expect(register.claim("k", host: "b", at: later) == nil)
    register.heard("k", name: "alpha", on: connection(3), at: later)
    #expect(register.claim("k", host: "a", at: later) == "b")
  }

  @Test("Every connection of a key that is no longer admitted is named, once")
  func dismissed() {
    var register = PeerRegister()
    for number in 1...3 {
      register.heard("bad", name: "alpha", on: connection(UInt8(number)), at: .zero)
      register.heard("bad", name: "alpha", on: connection(UInt8(number)), at: .zero)
    }
    register.heard("good", name: "beta", on: connection(9), at: .zero)
    let dismissed = register.dismissed { $0 == "good" }
    #expect(dismissed.map(\.connection) == (1...3).map { connection($0) })
    #expect(dismissed.allSatisfy { $0.name == "alpha" })
    #expect(register.dismissed { $0 == "good" }.isEmpty)
  }

  @Test("The number of remembered connections per key is bounded")
  func bounded() {
    var register = PeerRegister()
    for number in 0..<10_000 {
      let id = ConnectionID([0, UInt8(number % 256), UInt8(number / 256)])
      register.heard("k", name: "alpha", on: id, at: .zero)
    }
    let dismissed = register.dismissed { _ in false }
    #expect(dismissed.count == PeerRegister.connectionCountMaximum)
    #expect(dismissed.last?.connection == ConnectionID([0, UInt8(9999 % 256), UInt8(9999 / 256)]))
  }
}
