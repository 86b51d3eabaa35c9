import Digests
import Files
import Foundation
import Trials

/// The folder of image archives that sweeps read, one file per data set.
package struct ArchiveLibrary: Sendable {
  /// The folder.
  package let directory: URL

  /// The state of one data set's archive.
  package enum Standing: Hashable, Sendable {
    /// There is none.
    case absent
    /// It can be used.
    case present(PreparedImages)
    /// It cannot be used; the text names file, position and error.
    case unusable(problem: String)
  }

  /// One line of a listing.
  package struct Entry: Hashable, Sendable {
    /// The data set's name.
    package var name: String
    /// The state of its archive.
    package var standing: Standing
  }

  /// The archives in a folder, which need not exist yet.
  package init(directory: URL) {
    self.directory = directory
  }

  /// The folder of archives if the user names none.
  ///
  /// `$BOTTLENECKSWEEP_DATA`, else ``UserFolders/data``.
  package static func defaultDirectory(
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) -> URL {
    if let directory = environment["BOTTLENECKSWEEP_DATA"], !directory.isEmpty {
      return URL(fileURLWithPath: directory, isDirectory: true)
    }
    return UserFolders(environment).data
  }

  /// The file of a data set's archive, existing or not.
  package func url(of dataset: Dataset) -> URL {
    directory.appendingPathComponent("\(dataset.name).images")
  }

  /// The archive of a data set.
  ///
  /// Checks the header and the length; reads the images only if no digest is recorded for the
  /// file's current state.
  ///
  /// - Throws: An error whose text names the command that repairs it.
  package func find(_ dataset: Dataset) throws(ArchiveLibraryError) -> PreparedImages {
    switch examine(dataset, readingAll: false) {
    case .present(let images): return images
    case .absent: throw .missing(dataset: dataset, directory: directory.path)
    case .unusable(let problem):
      throw .unusable(dataset: dataset, directory: directory.path, problem: problem)
    }
  }

  /// A data set's archive, with only header and length checked; nil if there is none.
  ///
  /// - Throws: An error whose text names the command that repairs it.
  package func peek(at dataset: Dataset) throws(ArchiveLibraryError) -> ImageArchive? {
    guard FileManager.default.fileExists(atPath: url(of: dataset).path) else { return nil }
    do throws(ImageArchiveError) {
      return try open(dataset)
    } catch {
      throw .unusable(dataset: dataset, directory: directory.path, problem: error.description)
    }
  }

  /// Opens a data set's archive and checks that it belongs to the set.
  private func open(_ dataset: Dataset) throws(ImageArchiveError) -> ImageArchive {
    let url = url(of: dataset)
    let archive = try ImageArchive.open(at: url)
    guard archive.name == dataset.name, archive.shape == dataset.imageShape else {
      throw .otherImages(
        path: url.path, found: "\(archive.name), \(archive.shape)",
        expected: "\(dataset.name), \(dataset.imageShape)")
    }
    return archive
  }

  /// Records the archive that was just written for a data set.
  ///
  /// - Parameter digest: The digest of the whole file, from its writer.
  package func admit(
    _ dataset: Dataset, digest: Digest
  ) throws(ImageArchiveError) -> PreparedImages {
    let url = url(of: dataset)
    DigestRecord(of: url).write(digest)
    return PreparedImages(try ImageArchive.open(at: url), of: dataset, digest: digest)
  }

  /// The archives of all data sets, in the order of `Dataset`, then users' own by name; checks as
  /// ``find(_:)`` does.
  package func list() -> [Entry] { entries(readingAll: false) }

  /// The same, but reads all archives completely and checks all digests.
  package func verifyAll() -> [Entry] { entries(readingAll: true) }

  private func entries(readingAll: Bool) -> [Entry] {
    Dataset.allCases.map {
      Entry(name: $0.name, standing: examine($0, readingAll: readingAll))
    }
      + ownNames.map { name in
        do throws(ImageArchiveError) {
          let dataset = try own(name)
          return Entry(name: name, standing: examine(dataset, readingAll: readingAll))
        } catch {
          return Entry(name: name, standing: .unusable(problem: error.description))
        }
      }
  }

  /// The users' own sets with an archive in the folder, by name.
  package var ownImages: [Dataset] { ownNames.compactMap { try? own($0) } }

  private var ownNames: [String] {
    let files = (try? FileManager.default.contentsOfDirectory(atPath: directory.path)) ?? []
    return files.filter { $0.hasSuffix(".images") }.map { String($0.dropLast(".images".count)) }
      .filter { OwnImages.isName($0) && Dataset(rawValue: $0) == nil }.sorted()
  }

  /// The user's own set of this name; the archive states its shape.
  private func own(_ name: String) throws(ImageArchiveError) -> Dataset {
    let url = directory.appendingPathComponent("\(name).images")
    let shape = try ImageArchive.open(at: url).shape
    guard let images = OwnImages(name: name, shape: shape) else {
      throw .malformed(
        path: url.path, offset: 16, field: "shape", found: "\(shape)",
        expected: OwnImages.shapes.map { "\($0.shape)" }.joined(separator: ", "))
    }
    return .own(images)
  }

  /// Reads a data set's archive completely and checks all digests.
  package func verify(_ dataset: Dataset) -> Standing {
    examine(dataset, readingAll: true)
  }

  private func examine(_ dataset: Dataset, readingAll: Bool) -> Standing {
    let url = url(of: dataset)
    guard FileManager.default.fileExists(atPath: url.path) else { return .absent }
    do throws(ImageArchiveError) {
      let record = DigestRecord(of: url)
      let recorded = record.digest
      let archive = try open(dataset)
      if let recorded, readingAll { try archive.verify(against: recorded) }
      if recorded == nil || readingAll { try archive.verifyPayload() }
      let digest = recorded ?? archive.computeDigest()
      if recorded == nil { record.write(digest) }
      return .present(PreparedImages(archive, of: dataset, digest: digest))
    } catch {
      return .unusable(problem: error.description)
    }
  }
}
