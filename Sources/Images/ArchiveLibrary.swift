import Digests
import Files
import Foundation
import Trials

/// The folder of image archives that sweeps read from, one file for each data set.
package struct ArchiveLibrary: Sendable {
  /// The folder.
  package let directory: URL

  /// How the archive of one data set was found.
  package enum Standing: Hashable, Sendable {
    /// There is none.
    case absent
    /// It can be used.
    case present(PreparedImages)
    /// It cannot be used; the text names file, place and what is wrong.
    case unusable(problem: String)
  }

  /// One line of a listing.
  package struct Entry: Hashable, Sendable {
    /// The data set's name.
    package var name: String
    /// How its archive was found.
    package var standing: Standing
  }

  /// The archives in a folder, which need not exist yet.
  package init(directory: URL) {
    self.directory = directory
  }

  /// Where archives are kept when the user names no folder.
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

  /// The file that a data set's archive is or would be.
  package func url(of dataset: Dataset) -> URL {
    directory.appendingPathComponent("\(dataset.name).images")
  }

  /// The archive of a data set.
  ///
  /// Checks the header and the length; the images are read only if there is no digest on record
  /// for the file as it is now.
  ///
  /// - Throws: An error whose text is the command that puts it right.
  package func find(_ dataset: Dataset) throws(ArchiveLibraryError) -> PreparedImages {
    switch examine(dataset, readingAll: false) {
    case .present(let images): return images
    case .absent: throw .missing(dataset: dataset, directory: directory.path)
    case .unusable(let problem):
      throw .unusable(dataset: dataset, directory: directory.path, problem: problem)
    }
  }

  /// A data set's archive with its header and length checked, and no more; nil if there is none.
  ///
  /// - Throws: An error whose text is the command that puts it right.
  package func peek(at dataset: Dataset) throws(ArchiveLibraryError) -> ImageArchive? {
    guard FileManager.default.fileExists(atPath: url(of: dataset).path) else { return nil }
    do throws(ImageArchiveError) {
      return try open(dataset)
    } catch {
      throw .unusable(dataset: dataset, directory: directory.path, problem: error.description)
    }
  }

  /// Opens a data set's archive, which is to be of that set.
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

  /// Takes in the archive that was just written for a data set.
  ///
  /// - Parameter digest: The whole file's, as its writer computed it.
  package func admit(
    _ dataset: Dataset, digest: Digest
  ) throws(ImageArchiveError) -> PreparedImages {
    let url = url(of: dataset)
    DigestRecord(of: url).write(digest)
    return PreparedImages(try ImageArchive.open(at: url), of: dataset, digest: digest)
  }

  /// How the archive of each data set is found, in the order of `Dataset`, then the users' own by
  /// their names; as quick as ``find(_:)``.
  package func list() -> [Entry] { entries(readingAll: false) }

  /// The same, with all of every archive read and checked against every digest that there is.
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

  /// The users' own sets whose archives are in the folder, by their names.
  package var ownImages: [Dataset] { ownNames.compactMap { try? own($0) } }

  private var ownNames: [String] {
    let files = (try? FileManager.default.contentsOfDirectory(atPath: directory.path)) ?? []
    return files.filter { $0.hasSuffix(".images") }.map { String($0.dropLast(".images".count)) }
      .filter { OwnImages.isName($0) && Dataset(rawValue: $0) == nil }.sorted()
  }

  /// The set of a user whose archive has this name; its shape is the archive's.
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

  /// Reads all of a data set's archive and checks it against every digest that there is.
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
