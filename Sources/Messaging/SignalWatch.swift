import Dispatch

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

  deinit {
    for source in sources { source.cancel() }
  }
}
