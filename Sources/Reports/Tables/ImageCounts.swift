import Digests
import Trials

/// How many images of each data set a sweep trained on, as its finished trials tell.
///
/// One finished trial speaks for all of its data set, since a sweep trains on one archive of each.
package struct ImageCounts: Sendable {
  private var counts: [Dataset: Int] = [:]
  private var archives: [Dataset: Digest] = [:]

  /// Counts of which nothing is known.
  package init() {}

  /// Whether a finished trial has told of a data set.
  func isKnown(_ dataset: Dataset) -> Bool { counts[dataset] != nil }

  /// Takes in what a trial's reconstructions say; nothing where they are an older version's.
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

  /// What readers must know of a data set: that its pictures were drawn, what part of the
  /// published images it is, or that they are others; nil of a complete published one.
  func remark(on dataset: Dataset) -> String? {
    dataset.remark(imageCount: counts[dataset], archive: archives[dataset])
  }

  /// The data set's name with the remark, if there is one: "dSprites (64,834 of 737,280 images)".
  func title(of dataset: Dataset) -> String {
    dataset.title + (remark(on: dataset).map { " (\($0))" } ?? "")
  }
}
