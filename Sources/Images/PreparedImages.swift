import Digests
import Foundation
import Trials

/// An image archive ready for trials.
package struct PreparedImages: Hashable, Sendable {
  /// Its data set.
  package var dataset: Dataset
  /// The archive's file.
  package var url: URL
  /// SHA-256 of the whole file, by which provenance identifies it and workers fetch it.
  package var digest: Digest
  /// Bytes of the file.
  package var byteCount: Int
  /// The number of training images.
  package var trainingCount: Int
  /// The number of evaluation images.
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

  /// The part of the published set in the archive, in words: `40 of 183 cars`; nil if it has as
  /// many images, and for a user's own images.
  package var share: String? { dataset.share(ofImages: trainingCount + evaluationCount) }

  /// The remark that results on it need: that it is drawn, its ``share``, or that it is not the
  /// published set.
  package var remark: String? {
    dataset.remark(imageCount: trainingCount + evaluationCount, archive: digest)
  }
}
