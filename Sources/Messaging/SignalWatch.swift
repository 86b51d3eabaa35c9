import Dispatch
import Glibc

/// Calls a handler for signals to this process, which end it no longer.
///
/// Once it is made no signal is missed: before that they end the process as ever.
package final class SignalWatch {
  private let sources: [any DispatchSourceSignal]

  /// Begins to watch.
  ///
  /// - Parameters:
  ///   - numbers: Such as `SIGTERM`.
  ///   - queue: A serial one, where the handler must not run twice at once.
  ///   - handler: Is given the signal's number.
  package init(
    _ numbers: [Int32], on queue: DispatchQueue = .global(),
    handler: @escaping @Sendable (Int32) -> Void
  ) {
    sources = numbers.map { number in
      let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
      let isWatching = DispatchSemaphore(value: 0)
      source.setEventHandler { handler(number) }
      source.setRegistrationHandler { isWatching.signal() }
      source.resume()
      // What comes before the source is in place would be lost if the signal were ignored.
      isWatching.wait()
      return source
    }
  }

  /// The signals that ask a process to end in good order: those of people and systems, and that of
  /// a terminal that goes away, unless whoever started the process has it ignored, as `nohup` does.
  package static var stopSignals: [Int32] {
    isIgnored(SIGHUP) ? [SIGTERM, SIGINT] : [SIGTERM, SIGINT, SIGHUP]
  }

  /// What people call a signal.
  package static func name(of number: Int32) -> String {
    switch number {
    case SIGTERM: "SIGTERM"
    case SIGINT: "SIGINT"
    case SIGHUP: "SIGHUP"
    default: "signal \(number)"
    }
  }

  /// Makes of the first SIGPIPE a SIGTERM, and ignores later ones.
  ///
  /// Whoever read what this process says has gone, and it is to end in good order, not in the middle
  /// of its work.
  package static func endsWithBrokenPipe() {
    guard !isIgnored(SIGPIPE) else { return }
    signal(SIGPIPE) { _ in
      signal(SIGPIPE, SIG_IGN)
      kill(getpid(), SIGTERM)
    }
  }

  /// The C function is `sigaction`.
  private static func isIgnored(_ number: Int32) -> Bool {
    var action = sigaction()
    sigaction(number, nil, &action)
    // SIG_IGN is the address 1, which no Swift function can be compared with.
    return unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == 1
  }

  deinit {
    for source in sources { source.cancel() }
  }
}
