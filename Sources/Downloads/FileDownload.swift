import Digests
import Files
import Foundation
import Glibc

/// Downloads one published file: goes on where an earlier download ended, tries again while that
/// brings something, checks size and checksum, and only then gives the file its name.
package struct FileDownload {
  private let file: PublishedFile
  private let path: String
  private let settings: DownloadSettings

  /// A file that is there, and right.
  package struct Outcome: Hashable, Sendable {
    /// Where it is.
    package var url: URL
    /// Its size.
    package var byteCount: Int
    /// SHA-256 of it.
    package var digest: Digest
    /// What was compared with the publisher's.
    package var verified: Checksum
    /// Whether it was downloaded now, rather than found.
    package var isNew: Bool
  }

  /// Bytes that tell a web page.
  private static let pageBeginnings = ["<!doctype", "<html"]

  /// A download into a folder, which has to be there.
  package init(
    _ file: PublishedFile, into folder: URL, settings: DownloadSettings = DownloadSettings()
  ) {
    self.file = file
    path = folder.appending(path: file.name).path
    self.settings = settings
  }

  /// Downloads the file, unless it is there already.
  ///
  /// What is not the published file is removed; what is only the beginning of it stays, as
  /// `<name>.part`, when no address gives the rest.
  ///
  /// - Parameters:
  ///   - progress: Called whenever bytes have come.
  ///   - trouble: Called with what went wrong before another try.
  package func run(
    progress: @escaping (DownloadProgress) -> Void = { _ in }, trouble: (String) -> Void = { _ in }
  ) throws(DownloadError) -> Outcome {
    if let found = try found() { return found }
    let partial = try PartialFile(of: path)
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
    from address: String, into partial: PartialFile,
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
        // The bytes of an earlier download may have been another file's.
        guard mayHaveOldBytes else { throw .address(what) }
        mayHaveOldBytes = false
        best = 0
        reason = "\(what); beginning anew"
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
    _ address: String, _ partial: PartialFile, _ progress: @escaping (DownloadProgress) -> Void
  ) throws(Refusal) -> DownloadAttempt.Outcome {
    // All bytes may have come before and only the rest of the work be missing.
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

  /// Gives the complete file its name if it is the published one.
  private func commit(_ partial: PartialFile) throws(DownloadError) -> Outcome? {
    let (digest, found) = try partial.checksums(like: file.checksum)
    guard found == file.checksum else { return nil }
    try partial.commit()
    return Outcome(
      url: URL(filePath: path), byteCount: partial.byteCount, digest: digest, verified: found,
      isNew: true)
  }

  /// What came in place of the published file.
  private func described(_ partial: PartialFile) throws(Refusal) -> String {
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
