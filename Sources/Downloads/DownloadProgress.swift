/// How far a download is.
package struct DownloadProgress: Sendable {
  /// The file's name.
  package var name: String
  /// Bytes that are there.
  package var byteCount: Int
  /// Bytes of the whole; nil where none is published.
  package var total: Int?
  /// Bytes that came since this download began, by seconds; nil at its beginning.
  package var bytesPerSecond: Double?

  /// Seconds until the end at this rate; nil where it cannot be told.
  package var secondsLeft: Double? {
    guard let total, let bytesPerSecond, bytesPerSecond > 0 else { return nil }
    return Double(total - byteCount) / bytesPerSecond
  }
}
