import Datasets
import Downloads
import Files
import Foundation
import Images
import Trials

extension DataReport {
  /// Downloads a data set's published files, checks them and decodes them into an archive, showing
  /// progress on standard error.
  ///
  /// The files go to `downloads/<data set>` in the data folder and stay there. A complete archive
  /// is kept; an archive of a part, or of another data set, is replaced.
  ///
  /// - Parameters:
  ///   - mirror: URL of a folder with the same files, used instead of the publisher's.
  ///   - force: Prepares the archive even if it exists.
  /// - Returns: A line for each file and one for the archive.
  /// - Throws: `DownloadError` or `DatasetError`.
  package static func fetch(
    _ name: String, mirror: String?, into folder: URL?, force: Bool,
    settings: DownloadSettings = DownloadSettings()
  ) throws -> String {
    let dataset = try dataset(name, as: nil)
    guard let files = PublishedData.files(of: name) else { throw DataRequestError.drawn(dataset) }
    let library = library(folder)
    if !force, case .present(let images) = library.verify(dataset), images.remark == nil {
      return line(name, .present(images)) + "It was there already; --force prepares it again.\n"
    }
    let downloads = library.directory.appending(path: "downloads/\(name)")
    do {
      try FileManager.default.createDirectory(at: downloads, withIntermediateDirectories: true)
    } catch {
      throw DatasetError.folderNotMade(path: downloads.path, reason: ErrorWords.reason(error))
    }
    let display = DownloadDisplay()
    var text = ""
    for file in files {
      let outcome = try FileDownload(
        mirror.map(file.at(mirror:)) ?? file, into: downloads, settings: settings
      ).run(progress: display.show, trouble: display.show(trouble:))
      display.endLine()
      text += described(outcome)
    }
    return try text
      + prepare(
        name, as: nil,
        from: files.count == 1 ? downloads.appending(path: files[0].name) : downloads,
        into: folder, force: true)
  }

  /// The line for a file that is present and valid.
  private static func described(_ outcome: FileDownload.Outcome) -> String {
    let published =
      switch outcome.verified {
      case .sha256: "as published"
      case .md5: "not published; \(outcome.verified) as published"
      }
    return """
      \(outcome.url.lastPathComponent): \(outcome.byteCount) bytes\
      \(outcome.isNew ? "" : ", there already"), sha256 \(outcome.digest) \(published)

      """
  }
}
