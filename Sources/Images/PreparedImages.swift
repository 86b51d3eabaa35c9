import Digests
import Foundation
import Trials

/// An image archive that is ready for trials.
package struct PreparedImages: Hashable, Sendable {
  /// The data set whose images it holds.
  package var dataset: Dataset
  /// The archive's file.
  package var url: URL
  /// SHA-256 of the whole file; what trials name in their provenance and workers fetch it by.
  package var digest: Digest
  /// Bytes of the file.
  package var byteCount: Int
  /// How many images epochs are drawn from.
  package var trainingCount: Int
  /// How many images the evaluation error is measured on.
  package var evaluationCount: Int

  /// The facts about an archive whose digest is known.
  init(_ archive: ImageArchive, of dataset: Dataset, digest: Digest) {
    self.dataset = dataset
    url = archive.url
    self.digest = digest
    byteCount = archive.byteCount
    trainingCount = archive.trainingCount
    evaluationCount = archive.evaluationCount
  }

  /// What part of the published set the archive holds, in words: `40 of 183 cars`; nil when it has as
  /// many images, and for a user's own images.
  package var share: String? { dataset.share(ofImages: trainingCount + evaluationCount) }

  /// What people must know of results on it: that it was drawn, its ``share``, or that it
  /// is not what is published.
  package var remark: String? {
    dataset.remark(imageCount: trainingCount + evaluationCount, archive: digest)
  }
}
