import Foundation
import Logging

/// Prints log messages to standard error: time of day, level from warning on, and text.
package struct ConsoleLog: LogHandler {
  package var logLevel: Logger.Level = .info
  package var metadata: Logger.Metadata = [:]

  private let name: String

  /// Makes every logger of this process use this handler.
  ///
  /// Call it once, before the first logger is created.
  package static func bootstrap() {
    LoggingSystem.bootstrap { ConsoleLog(name: $0) }
  }

  private init(name: String) { self.name = name }

  package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  package func log(event: LogEvent) {
    let mark = event.level >= .warning ? "\(event.level.rawValue.uppercased()): " : ""
    LiveRegion.write(
      "\(Self.timeOfDay) \(name): \(mark)\(TerminalText.message("\(event.message)"))\n")
  }

  /// Local time as hours, minutes and seconds.
  private static var timeOfDay: String {
    var seconds = time(nil)
    var parts = tm()
    localtime_r(&seconds, &parts)
    return [parts.tm_hour, parts.tm_min, parts.tm_sec]
      .map { ($0 < 10 ? "0" : "") + String($0) }.joined(separator: ":")
  }
}
