import Dispatch
import Glibc

/// Calls a handler for signals to this process, which then no longer end it.
///
/// No signal is missed after the initialiser returns. Before that, signals end the process as
/// usual.
package final class SignalWatch {
  private let sources: [any DispatchSourceSignal]

  /// Begins to watch.
  ///
  /// - Parameters:
  ///   - numbers: Such as `SIGTERM`.
  ///   - queue: The handler's queue; serial if the handler must not run concurrently.
  ///   - handler: Receives the signal's number.
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
      // Wait for the source first: ignored signals that arrive before it is active would be lost.
      isWatching.wait()
      return source
    }
  }

  /// The signals that ask a process to exit cleanly: SIGTERM, SIGINT, and SIGHUP unless it is
  /// ignored, as by `nohup`.
  package static var stopSignals: [Int32] {
    isIgnored(SIGHUP) ? [SIGTERM, SIGINT] : [SIGTERM, SIGINT, SIGHUP]
  }

  /// The name of a signal.
  package static func name(of number: Int32) -> String {
    switch number {
    case SIGTERM: "SIGTERM"
    case SIGINT: "SIGINT"
    case SIGHUP: "SIGHUP"
    default: "signal \(number)"
    }
  }

  /// Turns the first SIGPIPE into a SIGTERM, and ignores later ones.
  ///
  /// When the reader of its output has gone, the process should exit cleanly.
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
    // SIG_IGN is the address 1, which cannot be compared with a Swift function.
    return unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == 1
  }

  deinit {
    for source in sources { source.cancel() }
  }
}
