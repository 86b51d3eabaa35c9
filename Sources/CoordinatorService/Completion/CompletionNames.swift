import Downloads
import Enrolment
import Foundation
import Images
import Store
import Trials

/// The names that a shell completes on command lines.
///
/// - Note: All functions throw if what they read is missing or damaged.
package enum CompletionNames {
  /// What names trials of the sweep in a folder: their names, with `t` and without, and their
  /// stages as `stage=NAME`.
  package static func trials(in sweep: URL) throws -> [String] {
    let names = try SweepReader.open(directory: sweep).plan().trials.map { "\($0.id)" }
    return try names + names.map { String($0.dropFirst()) }
      + stages(in: sweep).map { "stage=\($0)" }
  }

  /// The stages of the sweep in a folder.
  package static func stages(in sweep: URL) throws -> [String] {
    Set(try SweepReader.open(directory: sweep).plan().trials.map(\.stage)).sorted()
  }

  /// The stages that are paused.
  package static func pausedStages(in sweep: URL) throws -> [String] {
    try status(of: sweep)?.stages.filter { $0.paused != nil }.map(\.name) ?? []
  }

  /// The hosts of the sweep in a folder that are not drained.
  package static func hosts(in sweep: URL) throws -> [String] {
    try status(of: sweep)?.hosts.filter { $0.drained == nil }.map(\.host) ?? []
  }

  /// The hosts that are drained.
  package static func drainedHosts(in sweep: URL) throws -> [String] {
    try status(of: sweep)?.hosts.filter { $0.drained != nil }.map(\.host) ?? []
  }

  /// The workers of the sweep in a folder that have a log.
  package static func workers(in sweep: URL) -> [String] { SweepLogs(sweep).workers }

  /// The workers that are admitted.
  package static func admittedWorkers(keys: URL?) throws -> [String] {
    try KeyFolder(keys).allowList().entries.filter { $0.revoked == nil }.map(\.name)
  }

  /// The data sets that can be prepared: those that the program knows, and the user's own in a
  /// folder.
  package static func datasets(in folder: URL?) -> [String] {
    (Dataset.allCases + DataReport.library(folder).ownImages).map(\.name)
  }

  /// The data sets with an archive in a folder.
  package static func preparedDatasets(in folder: URL?) -> [String] {
    let library = DataReport.library(folder)
    return (Dataset.allCases + library.ownImages)
      .filter { FileManager.default.fileExists(atPath: library.url(of: $0).path) }.map(\.name)
  }

  /// The data sets that can be downloaded.
  package static var publishedDatasets: [String] { PublishedData.datasets }

  private static func status(of sweep: URL) throws -> SweepStatus? {
    try Administration.perform(AdministrationRequest(.status), in: sweep).status
  }
}
