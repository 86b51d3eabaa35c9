import Foundation
import Images
import Trials

extension TrialConfiguration {
  /// Checks that a trial can train on the images of an archive.
  ///
  /// - Throws: A failure with cause ``FailureCause/refused`` if they belong to another data set or
  ///   are too few.
  func check(_ images: ImageArchive) throws(TrialFailure) {
    func refuse(_ message: String) -> TrialFailure {
      TrialFailure(cause: .refused, message: "\(images.url.path): \(message)")
    }
    guard images.name == dataset.name, images.shape == dataset.imageShape else {
      throw refuse(
        "found \(images.name) images of \(images.shape), expected \(dataset.name) images of "
          + "\(dataset.imageShape)")
    }
    guard images.trainingCount >= trainer.batchSize else {
      throw refuse(
        "found \(images.trainingCount) training images, expected at least one batch of "
          + "\(trainer.batchSize)")
    }
    guard images.evaluationCount > 0 else {
      throw refuse("found no evaluation images, expected at least one")
    }
  }
}
