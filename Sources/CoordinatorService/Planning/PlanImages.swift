import Foundation
import Images
import Sweeps
import Trials

/// The image archives that a plan's trials would train on, as they are here now.
struct PlanImages {
  /// Of each data set that is prepared and can be used.
  private(set) var counts: [Dataset: PlanDefects.Images] = [:]
  /// What people must know of the data sets, a line each: drawn, a part, missing, or not to be read,
  /// with the command that gets them.
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
