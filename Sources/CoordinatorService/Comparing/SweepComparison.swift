import Files
import Foundation
import Reports
import Store
import Trials

/// `coordinator compare`: the fronts of two sweeps, read from their records.
package struct SweepComparison {
  private let resultsA: SweepResults
  private let resultsB: SweepResults
  private let comparison: FrontComparison

  /// Reads two sweeps, which may be running; writes nothing to their folders.
  ///
  /// - Throws: `StoreError` when a folder holds no record of a sweep, or a damaged one.
  package init(_ folderA: URL, _ folderB: URL) throws {
    resultsA = try SweepReader.open(directory: folderA).results()
    resultsB = try SweepReader.open(directory: folderB).results()
    comparison = FrontComparison(resultsA, resultsB)
  }

  /// The comparison for people, ending with a line break.
  package var text: String { comparison.text }

  /// The comparison as indented JSON, ending with a line break.
  package var json: String { AnswerJSON.text(comparison) }

  /// Draws both fronts in one figure; replaces an existing file.
  ///
  /// - Throws: `FileError` when it cannot be written.
  package func draw(to file: URL) throws {
    try DurableFile.write(FrontComparison.svg(resultsA, resultsB), to: file)
  }
}
