import Digests
import Files
import Foundation
import Glibc

/// Downloads one published file: resumes an earlier download, retries while bytes arrive, checks
/// size and checksum, and then renames the file to its name.
package struct FileDownload {
  private let file: PublishedFile
  private let path: String
  private let settings: DownloadSettings

  /// A downloaded and verified file.
  package struct Outcome: Hashable, Sendable {
    /// Its path.
    package var url: URL
    /// Its size.
    package var byteCount: Int
    /// SHA-256 of it.
    package var digest: Digest
    /// The checksum that was verified.
    package var verified: Checksum
    /// Whether it was downloaded now; false if it was found.
    package var isNew: Bool
  }

  /// The first bytes of a web page.
  private static let pageBeginnings = ["<!doctype", "<html"]

  /// A download to an existing folder.
  package init(
    _ file: PublishedFile, into folder: URL, settings: DownloadSettings = DownloadSettings()
  ) {
    self.file = file
    path = folder.appending(path: file.name).path
    self.settings = settings
  }

  /// Downloads the file, unless it exists already.
  ///
  /// A file that is not the published one is removed. If no address provides the rest, the received
  /// part stays as `<name>.part`.
  ///
  /// - Parameters:
  ///   - progress: Called when bytes are received.
  ///   - trouble: Called with the error before another attempt.
  package func run(
    progress: @escaping (DownloadProgress) -> Void = { _ in }, trouble: (String) -> Void = { _ in }
  ) throws(DownloadError) -> Outcome {
    if let found = try found() { return found }
    let partial = try PartialDownload(of: path)
    if partial.byteCount > file.byteMaximum { try partial.restart() }
    var reasons: [String] = []
    for address in file.addresses {
      do throws(Refusal) {
        return try download(from: address, into: partial, progress, trouble)
      } catch {
        switch error {
        case .address(let reason): reasons.append("\(address) \(reason)")
        case .download(let error): throw error
        }
        if address != file.addresses.last { trouble(reasons[reasons.count - 1]) }
      }
    }
    throw .unavailable(name: file.name, reasons: reasons)
  }

  /// Why a download from one address ended.
  private enum Refusal: Error {
    case address(String)
    case download(DownloadError)
  }

  /// The file of an earlier download, if it is the published one.
  private func found() throws(DownloadError) -> Outcome? {
    guard FileManager.default.fileExists(atPath: path) else { return nil }
    let there = try OpenFile<DownloadError>(path, flags: O_RDONLY)
    let (digest, found) = try there.checksums(like: file.checksum)
    guard found == file.checksum else { return nil }
    return Outcome(
      url: URL(filePath: path), byteCount: try there.byteCount(), digest: digest,
      verified: found, isNew: false)
  }

  private func download(
    from address: String, into partial: PartialDownload,
    _ progress: @escaping (DownloadProgress) -> Void,
    _ trouble: (String) -> Void
  ) throws(Refusal) -> Outcome {
    var mayHaveOldBytes = partial.byteCount > 0
    var best = partial.byteCount
    var fruitless = 0
    for _ in 0..<settings.tries {
      let reason: String
      switch try attempt(address, partial, progress) {
      case .complete:
        do throws(DownloadError) {
          if let outcome = try commit(partial) { return outcome }
        } catch { throw .download(error) }
        let what = try described(partial)
        do throws(DownloadError) { try partial.restart() } catch { throw .download(error) }
        // The part of an earlier download may be another file's.
        guard mayHaveOldBytes else { throw .address(what) }
        mayHaveOldBytes = false
        best = 0
        reason = "\(what); starting again"
      case .broken(let what): reason = what
      case .refused(let what): throw .address(what)
      case .failed(let error): throw .download(error)
      }
      if partial.byteCount > best {
        best = partial.byteCount
        fruitless = 0
      } else {
        fruitless += 1
      }
      guard fruitless < settings.fruitlessTries else {
        throw .address("\(reason); gave up after \(fruitless) tries that brought nothing")
      }
      trouble("\(address) \(reason)")
      Thread.sleep(forTimeInterval: (settings.pause * (1 << fruitless)) / .seconds(1))
    }
    throw .address("gave up after \(settings.tries) tries")
  }

  private func attempt(
    _ address: String, _ partial: PartialDownload, _ progress: @escaping (DownloadProgress) -> Void
  ) throws(Refusal) -> DownloadAttempt.Outcome {
    // An earlier download may have received all bytes without completing the file.
    if partial.byteCount > 0, partial.byteCount == file.byteCount { return .complete }
    let clock = ContinuousClock()
    let start = clock.now
    var first: Int?
    let attempt = DownloadAttempt(file, into: partial) { byteCount, total in
      let seconds = (clock.now - start) / .seconds(1)
      let base = first ?? byteCount
      first = base
      progress(
        DownloadProgress(
          name: file.name, byteCount: byteCount, total: total,
          bytesPerSecond: byteCount > base ? Double(byteCount - base) / seconds : nil))
    }
    do throws(DownloadError) {
      return try attempt.run(address, settings)
    } catch { throw .download(error) }
  }

  /// Renames the complete file to its name if it is the published one.
  private func commit(_ partial: PartialDownload) throws(DownloadError) -> Outcome? {
    let (digest, found) = try partial.checksums(like: file.checksum)
    guard found == file.checksum else { return nil }
    try partial.commit()
    return Outcome(
      url: URL(filePath: path), byteCount: partial.byteCount, digest: digest, verified: found,
      isNew: true)
  }

  /// A description of what was received in place of the published file.
  private func described(_ partial: PartialDownload) throws(Refusal) -> String {
    do throws(DownloadError) {
      let beginning = String(decoding: try partial.head(64), as: UTF8.self).lowercased()
      let isPage = Self.pageBeginnings.contains { beginning.hasPrefix($0) }
      let (_, found) = try partial.checksums(like: file.checksum)
      return """
        gave \(partial.byteCount) bytes\(isPage ? " of a web page" : "") with \(found), \
        expected \(file.checksum)
        """
    } catch { throw .download(error) }
  }
}
