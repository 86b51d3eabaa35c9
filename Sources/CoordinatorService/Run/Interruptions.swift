import Console
import Dispatch
import Glibc
import Messaging
import Synchronization

/// Turns termination signals into interruptions of the running sweep.
///
/// The first detaches, which takes a few seconds if there are remote workers. A second one in that
/// time also stops the remote workers' trials. A third ends the process at once.
final class Interruptions {
  private let watch: SignalWatch

  /// Starts to listen; the signals no longer end the process.
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
