import Testing

@testable import Coordination

@Suite("Remembered speeds of hosts")
struct SpeedModelTests {
  @Test("of arbitrarily many hosts, only the latest are remembered")
  func bounded() {
    var model = SpeedModel()
    func introduce(_ host: String, processor: String) {
      model.introduce(host, processor: processor, instructionSet: "avx2", cores: 4, slots: 8)
    }
    introduce("faithful", processor: "known")
    model.observe(rate: 3, kind: 0, on: "faithful")
    let speed = model.speed(of: "faithful")
    for number in 0..<(3 * SpeedModel.hostCountMaximum) {
      introduce("host-\(number)", processor: "processor-\(number)")
      if number.isMultiple(of: 1000) { introduce("faithful", processor: "known") }
      #expect(model.hostCount <= SpeedModel.hostCountMaximum)
    }
    #expect(model.speed(of: "faithful") == speed)
  }
}
