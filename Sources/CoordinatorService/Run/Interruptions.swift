import Console
import Dispatch
import Glibc
import Messaging
import Synchronization

/// Turns the signals that ask for an end into interruptions of the running sweep.
///
/// The first leaves, which takes a few seconds where there are remote workers; a second one within
/// them also stops the trials of remote workers; the third ends the process at once.
final class Interruptions {
  private let watch: SignalWatch

  /// Starts to listen; the process no longer ends by these signals.
  init(_ inbox: Inbox<SweepLoop.Interruption>) {
    let received = Counter()
    watch = SignalWatch(SignalWatch.stopSignals, on: DispatchQueue(label: "interruptions")) { _ in
      switch received.count.add(1, ordering: .relaxed).newValue {
      case 1: inbox.put(.detach)
      case 2: inbox.put(.stop)
      default: _exit(ExitReason.stopped.rawValue)
      }
    }
    SignalWatch.endsWithBrokenPipe()
  }

  private final class Counter: Sendable {
    let count = Atomic(0)
  }
}
