import Foundation
import Glibc
import Messaging
import Supervision

/// Turns the signals that ask for an end and, for a supervised worker, the end of standard input
/// into facts.
///
/// A supervised worker ignores SIGINT and SIGHUP: Ctrl-C at the coordinator's terminal, and its end,
/// reach the whole process group, and it is the coordinator that decides what its workers do.
final class StopSignals {
  private let watch: SignalWatch

  /// Starts to listen; the process no longer ends by these signals.
  init(_ inbox: Inbox<WorkerEvent>, endsWithInput: Bool) {
    if endsWithInput { for number in [SIGINT, SIGHUP, SIGPIPE] { signal(number, SIG_IGN) } }
    watch = SignalWatch(endsWithInput ? [SIGTERM] : SignalWatch.stopSignals) { number in
      inbox.put(.stopRequested(reason: SignalWatch.name(of: number)))
    }
    SignalWatch.endsWithBrokenPipe()
    if endsWithInput {
      Thread.detachNewThread {
        while let piece = try? FileHandle.standardInput.read(upToCount: 4096), !piece.isEmpty {}
        inbox.put(.supervisorEnded)
      }
    }
  }
}
