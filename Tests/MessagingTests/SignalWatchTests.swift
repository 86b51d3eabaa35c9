import Dispatch
import Glibc
import Messaging
import Testing

@Suite("Signals")
struct SignalWatchTests {
  @Test("A wake-up from a signal handler leaves errno as the interrupted call has set it")
  func errnoKept() {
    errno = EDOM
    // No descriptor: the write fails and sets errno.
    WakePipe.wake(writeDescriptor: -1, byte: 1)
    let kept = errno
    #expect(kept == EDOM)
  }

  @Test("A signal that comes directly after the watch starts is not missed")
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
