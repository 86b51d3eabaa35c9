import Console
import Datasets
import Files
import Foundation
import Images
import Trials

/// `coordinator data`.
package enum DataReport {
  /// The prepared data sets, one per line.
  ///
  /// - Throws: `FileError` if the folder that was named does not exist or is none.
  package static func list(_ folder: URL?) throws -> String {
    let library = try existingLibrary(folder)
    let lines = library.list().map { line($0.name, $0.standing) }
    return "\(library.directory.path)\n" + lines.joined()
  }

  /// Decodes a data set into its archive, showing progress on standard error.
  ///
  /// - Parameter shape: The text of `--as`, which declares `name` as a user's own set.
  /// - Throws: `DatasetError` naming file, place, what was found and what was expected.
  package static func prepare(
    _ name: String, as shape: String?, from source: URL?, into folder: URL?, force: Bool
  ) throws -> String {
    let dataset = try dataset(name, as: shape)
    let outcome = try DatasetPreparer.prepare(
      dataset, from: source, into: library(folder).directory, replacing: force
    ) { done, total in
      guard done.isMultiple(of: 10_000) || done == total else { return }
      TerminalText.tell("\(dataset.name): \(done) of \(total) images\n")
    } vet: { (files) throws(DatasetError) in
      try PublishedCheck.vet(files, of: dataset)
    }
    return line(dataset.name, .present(outcome.images))
      + (outcome.remark.map { "\($0)\n" } ?? "")
      + (outcome.isNew ? "" : "It was there already; --force prepares it again.\n")
  }

  /// The named data set; with the text of `--as`, a user's own.
  static func dataset(_ name: String, as shape: String?) throws -> Dataset {
    if let dataset = Dataset.allCases.first(where: { $0.name == name }) {
      guard shape == nil else { throw DataRequestError.shapeOfKnownDataset(name) }
      return dataset
    }
    guard let shape else { throw DataRequestError.unknownDataset(name) }
    guard let shape = OwnImages.shape(shape) else { throw DataRequestError.unknownShape(shape) }
    guard let images = OwnImages(name: name, shape: shape) else {
      throw DataRequestError.unusableName(name)
    }
    return .own(images)
  }

  /// Reads every archive and compares it with its digests.
  ///
  /// - Returns: A line per data set, and whether all archives are sound.
  /// - Throws: `FileError` if the folder that was named does not exist or is none.
  package static func verify(_ folder: URL?) throws -> (text: String, isSound: Bool) {
    let library = try existingLibrary(folder)
    let entries = library.verifyAll()
    let isSound = !entries.contains { entry in
      if case .unusable = entry.standing { true } else { false }
    }
    return (entries.map { line($0.name, $0.standing) }.joined(), isSound)
  }

  /// The archives in a folder, or in the standard folder.
  static func library(_ folder: URL?) -> ArchiveLibrary {
    ArchiveLibrary(directory: folder ?? ArchiveLibrary.defaultDirectory())
  }

  /// The archives in a folder that must be there if it was named; the standard one may be made yet.
  private static func existingLibrary(_ folder: URL?) throws(FileError) -> ArchiveLibrary {
    let library = library(folder)
    let path = library.directory.path
    var isFolder: ObjCBool = false
    if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) {
      guard isFolder.boolValue else { throw FileError("list", path, code: ENOTDIR) }
    } else if folder != nil {
      throw FileError("list", path, code: ENOENT)
    }
    return library
  }

  /// The state of a data set's archive, as a line.
  static func line(_ name: String, _ standing: ArchiveLibrary.Standing) -> String {
    let name = name.count < 13 ? name.padding(toLength: 13, withPad: " ", startingAt: 0) : name
    switch standing {
    case .absent: return "\(name) not prepared\n"
    case .unusable(let problem): return "\(name) UNUSABLE: \(problem)\n"
    case .present(let images):
      return """
        \(name) \(images.trainingCount) training, \(images.evaluationCount) evaluation images \
        of \(images.dataset.imageShape)\(images.remark.map { ", \($0)" } ?? ""), \
        \(images.byteCount) bytes, sha256 \(images.digest)\n
        """
    }
  }
}

/// What is wrong with a request about data.
enum DataRequestError: Error, CustomStringConvertible {
  case unknownDataset(String)
  case shapeOfKnownDataset(String)
  case unknownShape(String)
  case unusableName(String)
  case emptyPart(Dataset, ImageSplit)
  case drawn(Dataset)

  var description: String {
    switch self {
    case .unknownDataset(let name):
      """
      data set "\(name)": expected one of \(Dataset.allCases.map(\.name).joined(separator: ", ")), \
      or a name of your own with --as \(Self.shapes)
      """
    case .shapeOfKnownDataset(let name):
      "--as: found with \(name), which has its own shape; leave it out, or choose another name"
    case .unknownShape(let text): "--as \(text): expected \(Self.shapes)"
    case .unusableName(let name): "data set \"\(name)\": expected \(OwnImages.nameExpectation)"
    case .emptyPart(let dataset, let part):
      "\(dataset.name) has no \(part.rawValue) images"
    case .drawn(let dataset):
      "\(dataset.name) is drawn, not downloaded: coordinator data prepare \(dataset.name)"
    }
  }

  private static var shapes: String {
    OwnImages.shapes.map(\.text).joined(separator: ", ")
  }
}
