import Dispatch
import Glibc
import Messaging
import Testing

@Suite("Signals")
struct SignalWatchTests {
  @Test("A signal that comes as soon as somebody watches is not missed")
  func atOnce() {
    for round in 1...300 {
      let heard = DispatchSemaphore(value: 0)
      let watch = SignalWatch([SIGUSR2]) { _ in heard.signal() }
      kill(getpid(), SIGUSR2)
      let outcome = heard.wait(timeout: .now() + 600)
      withExtendedLifetime(watch) {}
      guard outcome == .success else {
        Issue.record("round \(round): the signal was missed")
        return
      }
    }
  }
}
