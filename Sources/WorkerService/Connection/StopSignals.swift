import Foundation
import Glibc
import Messaging
import Supervision

/// Turns termination signals and, for a supervised worker, the end of standard input into events.
///
/// A supervised worker ignores SIGINT and SIGHUP, which the terminal sends to the whole process
/// group. The coordinator decides what its workers do.
final class StopSignals {
  private let watch: SignalWatch

  /// Starts to listen; the signals no longer end the process.
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
