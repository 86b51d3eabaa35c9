import Datasets
import Foundation
import Images
import Trials

/// `coordinator data`.
package enum DataReport {
  /// Which data sets are prepared, a line each.
  package static func list(_ folder: URL?) -> String {
    let library = library(folder)
    let lines = library.list().map { line($0.dataset, $0.standing) }
    return "\(library.directory.path)\n" + lines.joined()
  }

  /// Decodes a data set into its archive, showing progress on standard error.
  ///
  /// - Throws: `DatasetError` naming file, place, what was found and what was expected.
  package static func prepare(
    _ name: String, from source: URL?, into folder: URL?, force: Bool
  ) throws -> String {
    let dataset = try Self.dataset(named: name)
    let outcome = try DatasetPreparer.prepare(
      dataset, from: source, into: library(folder).directory, replacing: force
    ) { done, total in
      guard done.isMultiple(of: 10_000) || done == total else { return }
      try? FileHandle.standardError.write(
        contentsOf: Data("\(dataset.rawValue): \(done) of \(total) images\n".utf8))
    }
    return line(dataset, .present(outcome.images))
      + (outcome.isNew ? "" : "It was there already; --force prepares it again.\n")
  }

  /// Reads every archive and compares it with its digests.
  ///
  /// - Returns: A line for each data set, and whether every archive there is sound.
  package static func verify(_ folder: URL?) -> (text: String, isSound: Bool) {
    let library = library(folder)
    let standings = Dataset.allCases.map { ($0, library.verify($0)) }
    let isSound = !standings.contains { _, standing in
      if case .unusable = standing { true } else { false }
    }
    return (standings.map { line($0, $1) }.joined(), isSound)
  }

  /// The data set that a person named.
  static func dataset(named name: String) throws(DataRequestError) -> Dataset {
    guard let dataset = Dataset(rawValue: name) else { throw .unknownDataset(name) }
    return dataset
  }

  /// The archives in a folder, or where they are kept without one.
  static func library(_ folder: URL?) -> ArchiveLibrary {
    ArchiveLibrary(directory: folder ?? ArchiveLibrary.defaultDirectory())
  }

  /// How a data set's archive was found, as a line.
  static func line(_ dataset: Dataset, _ standing: ArchiveLibrary.Standing) -> String {
    let name = dataset.rawValue.padding(toLength: 10, withPad: " ", startingAt: 0)
    switch standing {
    case .absent: return "\(name) not prepared\n"
    case .unusable(let problem): return "\(name) UNUSABLE: \(problem)\n"
    case .present(let images):
      let remark = dataset.remark(imageCount: images.trainingCount + images.evaluationCount)
      return """
        \(name) \(images.trainingCount) training, \(images.evaluationCount) evaluation images \
        of \(dataset.imageShape)\(remark.map { ", \($0)" } ?? ""), \(images.byteCount) bytes, sha256 \(images.digest)\n
        """
    }
  }
}

/// What is wrong with a request about data.
enum DataRequestError: Error, CustomStringConvertible {
  case unknownDataset(String)
  case emptyPart(Dataset, ImageSplit)
  case drawn(Dataset)
  case unpublished(Dataset)

  var description: String {
    switch self {
    case .unknownDataset(let name):
      "data set \"\(name)\": expected one of "
        + Dataset.allCases.map(\.rawValue).joined(separator: ", ")
    case .emptyPart(let dataset, let part):
      "\(dataset.rawValue) has no \(part.rawValue) images"
    case .drawn(let dataset):
      "\(dataset.rawValue) is drawn, not downloaded: coordinator data prepare \(dataset.rawValue)"
    case .unpublished(let dataset):
      "\(dataset.rawValue) is published nowhere that is known: name its files with data prepare --from"
    }
  }
}
