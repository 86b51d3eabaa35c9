/// Limits on attempts and waiting times of a download.
package struct DownloadSettings: Sendable {
  /// Successive attempts without new bytes after which an address is given up.
  package var fruitlessTries = 5
  /// The most attempts at one address.
  package var tries = 1000
  /// The pause before the next attempt; it doubles after each attempt without new bytes.
  package var pause = Duration.seconds(1)
  /// The timeout for connecting, in seconds.
  package var connectSeconds = 30
  /// The timeout for a connection without new bytes, in seconds.
  package var stallSeconds = 60

  /// The defaults, for the command line.
  package init() {}
}
