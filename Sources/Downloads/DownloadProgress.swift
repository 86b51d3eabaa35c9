/// The progress of a download.
package struct DownloadProgress: Sendable {
  /// The file's name.
  package var name: String
  /// Bytes received, including earlier downloads.
  package var byteCount: Int
  /// Bytes of the whole file; nil if not published.
  package var total: Int?
  /// The rate since this download began; nil at its beginning.
  package var bytesPerSecond: Double?

  /// Estimated seconds to the end at this rate; nil if unknown.
  package var secondsLeft: Double? {
    guard let total, let bytesPerSecond, bytesPerSecond > 0 else { return nil }
    return Double(total - byteCount) / bytesPerSecond
  }
}
