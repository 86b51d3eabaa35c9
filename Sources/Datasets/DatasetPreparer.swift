import Digests
import Foundation
import Images
import Trials

/// Turns the files that a data set is distributed in into an image archive.
package enum DatasetPreparer {
  /// What came of a preparation.
  package struct Outcome: Sendable {
    /// The archive.
    package var images: PreparedImages
    /// Whether the archive was made now, rather than found intact.
    package var isNew: Bool
    /// Wall-clock seconds that it took.
    package var seconds: Double
  }

  /// The data sets that ``prepare(_:from:into:replacing:progress:)`` can read or draw.
  package static var preparable: [Dataset] {
    [.mnist, .dsprites, .sprites28, .sprites64, .shapes64]
  }

  private static let progressInterval = 1000

  /// Makes the archive `<data set>.images` in a folder, unless an intact one is there.
  ///
  /// The archive appears complete or not at all; a damaged one is replaced.
  ///
  /// - Parameters:
  ///   - dataset: One of ``preparable``.
  ///   - source: The folder of the data set's files, a folder that has it as a subfolder named
  ///     after the data set, or the file itself when the set is one file; not needed for sets that
  ///     are drawn.
  ///   - directory: Receives the archive; made if it is not there.
  ///   - replacing: Whether to make the archive even if an intact one is there.
  ///   - progress: Called now and then with the number of images done and of all images.
  package static func prepare(
    _ dataset: Dataset, from source: URL?, into directory: URL, replacing: Bool = false,
    progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
  ) throws(DatasetError) -> Outcome {
    let clock = ContinuousClock()
    let start = clock.now
    let library = ArchiveLibrary(directory: directory)
    if !replacing, case .present(let intact) = library.verify(dataset) {
      return Outcome(images: intact, isNew: false, seconds: (clock.now - start) / .seconds(1))
    }
    let images = try write(
      try imageSource(of: dataset, at: source), of: dataset, into: library, progress: progress)
    return Outcome(images: images, isNew: true, seconds: (clock.now - start) / .seconds(1))
  }

  /// The source of a data set's images, its headers read and checked.
  private static func imageSource(of dataset: Dataset, at source: URL?) throws(DatasetError)
    -> any ImageSource
  {
    switch dataset {
    case .mnist: return try MNISTSource(at: try given(source, dataset))
    case .dsprites: return try DSpritesSource(at: try given(source, dataset))
    case .sprites28, .sprites64: return SpritesSource(dataset)
    case .shapes64: return ShapesSource()
    case .shapes3d, .cars3d, .cifar100: throw .readerUnavailable(dataset: dataset)
    }
  }

  private static func given(_ source: URL?, _ dataset: Dataset) throws(DatasetError) -> URL {
    guard let source else { throw .sourceNotGiven(dataset: dataset) }
    return source
  }

  private static func write(
    _ source: any ImageSource, of dataset: Dataset, into library: ArchiveLibrary,
    progress: (Int, Int) -> Void
  ) throws(DatasetError) -> PreparedImages {
    do {
      try FileManager.default.createDirectory(
        at: library.directory, withIntermediateDirectories: true)
    } catch {
      throw .folderNotMade(path: library.directory.path, reason: error.localizedDescription)
    }
    let url = library.url(of: dataset)
    let total = source.trainingCount + source.evaluationCount
    var writer = try archiving { () throws(ImageArchiveError) in
      try ImageArchiveWriter(
        at: url, name: dataset.rawValue, shape: dataset.imageShape, encoding: source.encoding,
        trainingCount: source.trainingCount, evaluationCount: source.evaluationCount)
    }
    var done = 0
    try source.read { (pixels, split) throws(DatasetError) in
      try archiving { () throws(ImageArchiveError) in try writer.append(pixels, to: split) }
      done += 1
      if done % progressInterval == 0 || done == total { progress(done, total) }
    }
    do throws(ImageArchiveError) {
      return try library.admit(dataset, digest: try writer.finish())
    } catch {
      throw .archive(error)
    }
  }

  private static func archiving<Value: ~Copyable>(
    _ body: () throws(ImageArchiveError) -> Value
  ) throws(DatasetError) -> Value {
    do throws(ImageArchiveError) { return try body() } catch { throw .archive(error) }
  }
}
