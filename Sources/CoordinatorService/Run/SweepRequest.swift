import Files
import Foundation
import Images
import Sweeps
import Trials

/// A sweep file with the changes of the command line.
package struct SweepRequest: Sendable {
  /// The sweep file.
  package var file: URL
  /// The texts of `--set`, in order.
  package var overrides: [String]
  /// The factor of `--scale-budget`.
  package var budgetScale: Double
  /// The folder of prepared image archives; nil for the standard one.
  package var dataFolder: URL?

  /// A request of the given parts.
  package init(file: URL, overrides: [String], budgetScale: Double, dataFolder: URL?) {
    self.file = file
    self.overrides = overrides
    self.budgetScale = budgetScale
    self.dataFolder = dataFolder
  }

  /// The folder of prepared image archives.
  var library: ArchiveLibrary {
    ArchiveLibrary(directory: dataFolder ?? ArchiveLibrary.defaultDirectory())
  }

  /// Reads and expands the sweep; it may name users' own data sets in the folder.
  ///
  /// - Throws: `SweepFileError` with everything that is wrong with the file.
  func plan() throws -> SweepPlan {
    try SweepFile.load(
      at: file, overrides: overrides, budgetScale: budgetScale, ownImages: library.ownImages)
  }

  /// The sweep file's text with the changes as comments, recorded as provenance.
  func text() throws -> String {
    let bytes = try WholeFile.read(file.path, limit: SweepFile.maximumByteCount)
    var text = String(decoding: bytes, as: UTF8.self)
    if !text.hasSuffix("\n") { text += "\n" }
    for override in overrides { text += "# --set \(override)\n" }
    if budgetScale != 1 { text += "# --scale-budget \(budgetScale)\n" }
    return text
  }
}
