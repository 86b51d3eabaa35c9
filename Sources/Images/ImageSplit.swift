/// The part of a data set that an image belongs to.
package enum ImageSplit: String, CaseIterable, Sendable {
  /// Training images.
  case training
  /// Evaluation images: the published test split, or a sample held back from a set without one.
  case evaluation
}
