import Foundation
import Images
import Sweeps
import Trials

/// The present image archives of a plan's data sets.
struct PlanImages {
  /// The image counts of each usable data set.
  private(set) var counts: [Dataset: PlanDefects.Images] = [:]
  /// Remarks on the data sets, one per line: synthetic, partial, missing or unreadable, with the
  /// command that prepares them.
  private(set) var remarks = ""

  /// Looks for the archive of every data set that a plan names.
  ///
  /// Header and length are checked; the images are not read, which would take minutes.
  init(of plan: SweepPlan, in library: ArchiveLibrary) {
    let datasets = Set(plan.trials.map(\.configuration.dataset))
    for dataset in datasets.sorted(by: { $0.rawValue < $1.rawValue }) {
      var imageCount: Int?
      do throws(ArchiveLibraryError) {
        if let archive = try library.peek(at: dataset) {
          counts[dataset] = PlanDefects.Images(
            training: archive.trainingCount, evaluation: archive.evaluationCount)
          imageCount = archive.trainingCount + archive.evaluationCount
        } else if !dataset.isProcedural {
          let missing = ArchiveLibraryError.missing(
            dataset: dataset, directory: library.directory.path)
          remarks += "MISSING: \(missing)\n"
        }
      } catch {
        remarks += "UNREADABLE: \(error)\n"
      }
      if let remark = dataset.remark(imageCount: imageCount) {
        remarks += "Images of \(dataset.name): \(remark).\n"
      }
    }
  }
}
