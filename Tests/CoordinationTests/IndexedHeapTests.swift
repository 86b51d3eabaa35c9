import Randomness
import Testing

@testable import Coordination

@Suite("Priority queue")
struct IndexedHeapTests {
  @Test("it agrees with a sorted list through random changes")
  func agreesWithSorting() {
    var random = SplitMix64(seed: 1)
    var heap = IndexedHeap<Int>()
    var model: [Int: Int] = [:]
    for _ in 0..<3000 {
      let number = random.draw(0...40)
      let key = random.happens(0.3) ? nil : random.draw(0...20)
      heap[number] = key
      model[number] = key
      let sorted = model.sorted { ($0.value, $0.key) < ($1.value, $1.key) }
      #expect(heap.first == sorted.first?.key)
      #expect(heap.firstKey == sorted.first?.value)
      #expect(heap[number] == key)
      let avoided = sorted.first?.key
      #expect(heap.first(otherThan: avoided) == sorted.dropFirst().first?.key)
      #expect(heap.first(otherThan: 41) == sorted.first?.key)
    }
  }
}

@Suite("Stall clock")
struct StallClockTests {
  private func instant(_ seconds: Int) -> Instant { Instant(sinceStart: .seconds(seconds)) }

  @Test("ordinary gaps count, stalls count as one heartbeat, and a clock set back continues")
  func countsNoStalls() {
    var clock = StallClock(heartbeatInterval: .seconds(5))
    #expect(clock.read(at: instant(0)) == instant(0))
    #expect(clock.read(at: instant(10)) == instant(10))
    #expect(clock.read(at: instant(110)) == instant(15))
    #expect(clock.read(at: instant(100)) == instant(15))
    #expect(clock.read(at: instant(102)) == instant(17))
  }

  @Test("a far deadline wakes the shell early enough not to count as a stall")
  func wakesInTime() {
    var clock = StallClock(heartbeatInterval: .seconds(5))
    _ = clock.read(at: instant(0))
    _ = clock.read(at: instant(100))
    #expect(clock.wakingTime(for: instant(7)) == instant(102))
    #expect(clock.wakingTime(for: instant(60)) == instant(105))
  }
}
