/// Images of one size in one file, from first to last.
protocol ImageSequence {
  /// How many there are.
  var count: Int { get }
  /// Bytes of the file or member before the first image, as far as that can be told.
  var headerByteCount: Int { get }
  /// The file, and the part of it that holds them, for messages.
  var place: String { get }

  /// Delivers every image once, `height × width × channels` values in that order, with its
  /// number, and checks that nothing follows.
  func read(_ receive: ([UInt8], Int) throws(DatasetError) -> Void) throws(DatasetError)
}
