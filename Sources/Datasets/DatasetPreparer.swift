import Digests
import Files
import Foundation
import Glibc
import Images
import Trials

/// Makes an image archive from a data set's published files.
package enum DatasetPreparer {
  /// The outcome of a preparation.
  package struct Outcome: Sendable {
    /// The archive.
    package var images: PreparedImages
    /// Whether the archive was made now; false if an intact one was found.
    package var isNew: Bool
    /// Wall-clock seconds.
    package var seconds: Double
    /// A remark for people, about files that were skipped.
    package var remark: String?
  }

  private static let progressInterval = 1000

  /// Makes the archive `<data set>.images` in a folder, unless it has an intact one.
  ///
  /// The archive is written atomically; a damaged one is replaced.
  ///
  /// - Parameters:
  ///   - dataset: The data set to prepare.
  ///   - source: The folder with the data set's files, its parent folder if it is named after the data
  ///     set, or the file itself if the set is one file; not needed for drawn sets.
  ///   - directory: The folder for the archive; created if missing.
  ///   - replacing: Whether to replace an intact archive.
  ///   - progress: Called sometimes with the numbers of images done and of all images.
  ///   - vet: Called with the files before they are read; if it throws, the preparation ends.
  package static func prepare(
    _ dataset: Dataset, from source: URL?, into directory: URL, replacing: Bool = false,
    progress: (_ done: Int, _ total: Int) -> Void = { _, _ in },
    vet: ([SourceFile]) throws(DatasetError) -> Void = { _ throws(DatasetError) in }
  ) throws(DatasetError) -> Outcome {
    let clock = ContinuousClock()
    let start = clock.now
    let library = ArchiveLibrary(directory: directory)
    if !replacing, case .present(let intact) = library.verify(dataset) {
      return Outcome(images: intact, isNew: false, seconds: (clock.now - start) / .seconds(1))
    }
    let images = try imageSource(of: dataset, at: source)
    try vet(images.files)
    let place = source?.path ?? dataset.name
    let prepared = try write(images, of: dataset, into: library, place: place, progress: progress)
    return Outcome(
      images: prepared, isNew: true, seconds: (clock.now - start) / .seconds(1),
      remark: images.remark)
  }

  /// The source of a data set's images, with checked headers.
  private static func imageSource(of dataset: Dataset, at source: URL?) throws(DatasetError)
    -> any ImageSource
  {
    let reader = DatasetReader.of(dataset)
    guard reader.needsFiles else { return try reader.open(URL(filePath: "/")) }
    guard let source else { throw .sourceNotGiven(dataset: dataset) }
    guard FileManager.default.fileExists(atPath: source.path) else {
      throw .system(FileError("open", source.path, code: ENOENT))
    }
    return try reader.open(source)
  }

  private static func write(
    _ source: any ImageSource, of dataset: Dataset, into library: ArchiveLibrary, place: String,
    progress: (Int, Int) -> Void
  ) throws(DatasetError) -> PreparedImages {
    do {
      try FileManager.default.createDirectory(
        at: library.directory, withIntermediateDirectories: true)
    } catch {
      throw .folderNotMade(path: library.directory.path, reason: ErrorWords.reason(error))
    }
    var witness = PixelWitness(of: dataset, source, place: place)
    try witness?.checkCounts()
    try checkRoom(for: source, of: dataset.imageShape, in: library.directory)
    let url = library.url(of: dataset)
    let total = source.trainingCount + source.evaluationCount
    var writer = try archiving { () throws(ImageArchiveError) in
      try ImageArchiveWriter(
        at: url, name: dataset.name, shape: dataset.imageShape, encoding: source.encoding,
        trainingCount: source.trainingCount, evaluationCount: source.evaluationCount)
    }
    var done = 0
    try source.read { (pixels, split) throws(DatasetError) in
      try archiving { () throws(ImageArchiveError) in try writer.append(pixels, to: split) }
      witness?.see(pixels, split)
      done += 1
      if done % progressInterval == 0 || done == total { progress(done, total) }
    }
    try witness?.checkImages()
    do throws(ImageArchiveError) {
      return try library.admit(dataset, digest: try writer.finish())
    } catch {
      throw .archive(error)
    }
  }

  /// Checks in advance that the disk has room for the archive.
  private static func checkRoom(
    for source: any ImageSource, of shape: ImageShape, in directory: URL
  ) throws(DatasetError) {
    guard let free = try? FreeSpace.byteCount(at: directory.path) else { return }
    let needed =
      (source.trainingCount + source.evaluationCount) * source.encoding.storedByteCount(of: shape)
    guard needed <= free else {
      throw .refused(
        place: directory.path, found: "\(free) bytes free on the disk",
        expected: "\(needed) for the images",
        remedy: "make room, or name a folder on another disk with --data")
    }
  }

  private static func archiving<Value: ~Copyable>(
    _ body: () throws(ImageArchiveError) -> Value
  ) throws(DatasetError) -> Value {
    do throws(ImageArchiveError) { return try body() } catch { throw .archive(error) }
  }
}
