/// Images of one size in one file, in order.
protocol ImageSequence {
  /// The number of images.
  var count: Int { get }
  /// Bytes of the file or member before the first image, if known, else 0.
  var headerByteCount: Int { get }
  /// The file and its part with the images, for messages.
  var place: String { get }

  /// Passes every image on once, `height × width × channels` values in that order, with its number,
  /// and checks that nothing follows.
  func read(_ receive: ([UInt8], Int) throws(DatasetError) -> Void) throws(DatasetError)
}
