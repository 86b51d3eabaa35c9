import Console
import Foundation

/// `coordinator watch`: shows the display of `run` on another terminal, with hosts, front and
/// latest events.
package enum SweepWatch {
  /// Interval between requests to the coordinator, in seconds.
  private static let interval = 1.0
  /// Interval between lines without a terminal.
  private static let lineInterval = Duration.seconds(15)

  /// Shows the sweep of a folder until no coordinator runs it, then its final state.
  ///
  /// Without a terminal it prints the progress and the new events at intervals.
  ///
  /// - Throws: ``AdministrationError`` when the sweep does not answer, `StoreError` when there is
  ///   none.
  package static func perform(_ folder: URL) throws {
    let record = try WatchedRecord(folder)
    let display = SweepDisplay()
    defer { display?.close() }
    var printer = WatchPrinter(interval: lineInterval)
    while true {
      let request = AdministrationRequest(.status)
      guard let reply = try ask(request, in: folder) else {
        display?.close()
        let status = try Administration.perform(request, in: folder).status
        if display == nil, let status {
          TerminalText.show(printer.text(status, record.facts(beside: status, isLast: true)))
        }
        TerminalText.show(status?.text ?? "")
        return
      }
      if let error = reply.error { throw AdministrationError(error) }
      if let display {
        display.drawIfDue(
          { reply.status },
          as: { status, size in
            WatchView(status, record.facts(beside: status), in: size).lines
          })
      } else if let status = reply.status {
        TerminalText.show(printer.text(status, record.facts(beside: status)))
        fflush(nil)
      }
      Thread.sleep(forTimeInterval: interval)
    }
  }

  /// The coordinator's answer; nil if none runs the sweep any more.
  ///
  /// If the coordinator ends during the request, it is asked once more.
  private static func ask(
    _ request: AdministrationRequest, in folder: URL
  ) throws -> AdministrationReply? {
    do {
      return try AdministrationClient.ask(request, in: folder)
    } catch is AdministrationError {
      Thread.sleep(forTimeInterval: interval)
      return try AdministrationClient.ask(request, in: folder)
    }
  }
}
