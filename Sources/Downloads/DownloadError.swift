import Files

/// Why a published file could not be downloaded.
package enum DownloadError: Error, Equatable {
  /// A system call failed, such as for a full disk.
  case system(FileError)
  /// Another process is downloading the same file.
  case beingDownloaded(path: String)
  /// No address provided the file; one reason per address.
  case unavailable(name: String, reasons: [String])
  /// Libcurl could not be initialised.
  case library(reason: String)
}

extension DownloadError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .system(let failure): failure.description
    case .beingDownloaded(let path): "\(path): another process is downloading this file"
    case .unavailable(let name, let reasons):
      """
      \(name) cannot be downloaded: \(reasons.joined(separator: "; ")); try again later, name \
      another source with --mirror URL, or get the file yourself and use data prepare --from PATH
      """
    case .library(let reason): "libcurl cannot be used: \(reason)"
    }
  }
}

extension DownloadError: FileFailure {
  package init(_ failure: FileError) { self = .system(failure) }
}
