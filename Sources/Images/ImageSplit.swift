/// Which part of a data set an image belongs to.
package enum ImageSplit: String, CaseIterable, Sendable {
  /// Images that epochs are drawn from.
  case training
  /// Images that only the evaluation error is measured on: the publisher's test split, or a
  /// sample held back from a set without one.
  case evaluation
}
