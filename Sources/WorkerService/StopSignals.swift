import Foundation
import Glibc
import Messaging
import Supervision

/// Turns SIGTERM, SIGINT and, for a supervised worker, the end of standard input into facts.
///
/// A supervised worker ignores SIGINT: Ctrl-C at the coordinator's terminal reaches the whole
/// process group, and it is the coordinator that decides what its workers do.
final class StopSignals {
  private let watch: SignalWatch

  /// Starts to listen; the process no longer ends by these signals.
  init(_ inbox: Inbox<WorkerEvent>, endsWithInput: Bool) {
    if endsWithInput { signal(SIGINT, SIG_IGN) }
    watch = SignalWatch(endsWithInput ? [SIGTERM] : [SIGTERM, SIGINT]) { number in
      inbox.put(.stopRequested(reason: number == SIGTERM ? "SIGTERM" : "SIGINT"))
    }
    if endsWithInput {
      Thread.detachNewThread {
        while let piece = try? FileHandle.standardInput.read(upToCount: 4096), !piece.isEmpty {}
        inbox.put(.supervisorEnded)
      }
    }
  }
}
