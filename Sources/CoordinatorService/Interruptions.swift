import Dispatch
import Glibc
import Messaging

/// Turns SIGINT and SIGTERM into interruptions of the running sweep.
///
/// The first leaves, the second also stops the trials of remote workers, the third ends the
/// process at once.
final class Interruptions {
  private let sources: [any DispatchSourceSignal]

  /// Starts to listen; the process no longer ends by these signals.
  init(_ inbox: Inbox<SweepLoop.Interruption>) {
    let queue = DispatchQueue(label: "interruptions")
    let count = Counter()
    sources = [SIGINT, SIGTERM].map { number in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
      source.setEventHandler {
        switch count.next() {
        case 1: inbox.put(.detach)
        case 2: inbox.put(.stop)
        default: _exit(130)
        }
      }
      source.resume()
      return source
    }
  }

  deinit {
    for source in sources { source.cancel() }
  }

  /// Counts on one serial queue.
  private final class Counter {
    private var count = 0

    func next() -> Int {
      count += 1
      return count
    }
  }
}
