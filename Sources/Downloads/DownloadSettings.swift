/// How patient a download is.
package struct DownloadSettings: Sendable {
  /// Tries in a row that bring nothing new before an address is given up.
  package var fruitlessTries = 5
  /// Tries at one address altogether.
  package var tries = 1000
  /// The pause before the next try; it doubles with every fruitless one.
  package var pause = Duration.seconds(1)
  /// How long a connection may take to come about.
  package var connectSeconds = 30
  /// How long a connection may bring nothing.
  package var stallSeconds = 60

  /// The patience of the command line.
  package init() {}
}
