import Files
import Foundation
import Images
import Randomness
import Reports
import Trials

extension DataReport {
  /// How many images a contact sheet can have.
  package static let sheetCounts = 1...4096

  /// Draws images of a prepared data set, spread over one of its parts, into a PNG file.
  ///
  /// - Parameters:
  ///   - count: How many, in ``sheetCounts``; fewer if the part has fewer.
  ///   - file: The PNG file, by default `<data set>.png` in the current folder. An existing file is
  ///     replaced.
  /// - Returns: What was drawn and where it is.
  /// - Throws: `ArchiveLibraryError`, whose text names the command that prepares the archive, or
  ///   the file system's error.
  package static func show(
    _ name: String, part: ImageSplit, count: Int, to file: URL?, folder: URL?
  ) throws -> String {
    let library = library(folder)
    let own = library.ownImages.first { $0.name == name }
    let images = try library.find(own ?? dataset(name, as: nil))
    let archive = try ImageArchive.open(at: images.url)
    let total = archive.count(of: part)
    guard total > 0 else { throw DataRequestError.emptyPart(images.dataset, part) }
    let shown = min(count, total)
    let white: UInt8 = archive.encoding == .bit ? 255 : 1
    // Draw a random image from each stretch. In a set with a grid of factors, the first images of
    // all stretches would share factors.
    var random = SplitMix64(seed: 0)
    let pictures = (0..<shown).map { place in
      let start = place * total / shown
      let length = (place + 1) * total / shown - start
      let index = start + random.draw(0...length - 1)
      return archive.bytes(of: index, in: part).map { $0 * white }
    }
    let file = file ?? URL(filePath: "\(name).png")
    try DurableFile.write(ContactSheet.png(pictures, shape: archive.shape), to: file)
    return """
      \(file.relativePath): \(shown) of \(total) \(part.rawValue) images of \(name), \
      \(archive.shape)\(shown < total ? ", spread over all" : "")

      """
  }
}
