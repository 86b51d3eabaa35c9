import Digests
import Trials

/// The number of images of each data set of a sweep, from its finished trials.
///
/// One finished trial per data set is enough, because a sweep uses one archive of each.
package struct ImageCounts: Sendable {
  private var counts: [Dataset: Int] = [:]
  private var archives: [Dataset: Digest] = [:]

  /// Unknown counts.
  package init() {}

  /// Whether the count of a data set is known.
  func isKnown(_ dataset: Dataset) -> Bool { counts[dataset] != nil }

  /// Reads the count from a trial's reconstructions; older versions do not have it.
  ///
  /// - Parameter archive: The digest of the archive that the trial trained on.
  mutating func take(
    _ metadata: [String: String], of dataset: Dataset, archive: Digest? = nil
  ) {
    guard let training = metadata["training_images"].flatMap({ Int($0) }),
      let evaluation = metadata["evaluation_images"].flatMap({ Int($0) }),
      (0...Int(Int32.max)).contains(training), (0...Int(Int32.max)).contains(evaluation)
    else { return }
    counts[dataset] = training + evaluation
    archives[dataset] = archive
  }

  /// The remark on a data set, see ``Trials/Dataset/remark(imageCount:archive:)``.
  func remark(on dataset: Dataset) -> String? {
    dataset.remark(imageCount: counts[dataset], archive: archives[dataset])
  }

  /// The data set's name with the remark, if there is one: "dSprites (64,834 of 737,280 images)".
  func title(of dataset: Dataset) -> String {
    dataset.title + (remark(on: dataset).map { " (\($0))" } ?? "")
  }
}
