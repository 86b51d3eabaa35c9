import Foundation

/// `coordinator watch`: what `run` shows on its terminal, on another one.
package enum SweepWatch {
  /// How often the coordinator is asked.
  private static let interval = 1.0

  /// Shows the sweep of a folder until no coordinator runs it, and then how far it is.
  ///
  /// - Throws: ``AdministrationError`` when nothing can be shown here or the sweep does not answer.
  package static func perform(_ folder: URL) throws {
    guard let display = SweepDisplay() else {
      throw AdministrationError(
        "watch: found standard error that is no terminal, expected one; "
          + "`coordinator status` prints the same once")
    }
    defer { display.close() }
    while true {
      let request = AdministrationRequest(.status)
      guard let reply = try AdministrationClient.ask(request, in: folder) else {
        display.close()
        let status = try Administration.perform(request, in: folder).status
        print(status?.text ?? "", terminator: "")
        return
      }
      if let error = reply.error { throw AdministrationError(error) }
      display.drawIfDue { reply.status }
      Thread.sleep(forTimeInterval: interval)
    }
  }
}
