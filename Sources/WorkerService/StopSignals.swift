import Dispatch
import Foundation
import Glibc
import Messaging

/// Turns SIGTERM, SIGINT and, for a supervised worker, the end of standard input into facts.
///
/// A supervised worker ignores SIGINT: Ctrl-C at the coordinator's terminal reaches the whole
/// process group, and it is the coordinator that decides what its workers do.
final class StopSignals {
  private let sources: [any DispatchSourceSignal]

  /// Starts to listen; the process no longer ends by these signals.
  init(_ inbox: Inbox<WorkerEvent>, endsWithInput: Bool) {
    for number in [SIGTERM, SIGINT] { signal(number, SIG_IGN) }
    sources = (endsWithInput ? [SIGTERM] : [SIGTERM, SIGINT]).map { number in
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler {
        inbox.put(.stopRequested(reason: number == SIGTERM ? "SIGTERM" : "SIGINT"))
      }
      source.resume()
      return source
    }
    if endsWithInput {
      Thread.detachNewThread {
        while let piece = try? FileHandle.standardInput.read(upToCount: 4096), !piece.isEmpty {}
        inbox.put(.supervisorEnded)
      }
    }
  }

  deinit {
    for source in sources { source.cancel() }
  }
}
