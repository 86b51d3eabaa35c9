import Images

/// Deals the images of a set, which come in their order, out to the two parts of an archive.
struct HeldBackDealer {
  private let sample: HeldBackSample
  private var index = 0
  private var heldBack: [[UInt8]]

  /// Deals by a sample, of which it keeps the images in memory.
  init(_ sample: HeldBackSample) {
    self.sample = sample
    heldBack = [[UInt8]](repeating: [], count: sample.count)
  }

  /// Takes the next image: sends it on to the training part, or keeps it.
  mutating func deal(_ image: [UInt8], to receive: ImageReceiver) throws(DatasetError) {
    if let place = sample.place(of: index) {
      heldBack[place] = image
    } else {
      try receive(image, .training)
    }
    index += 1
  }

  /// Sends the images that were kept to the evaluation part.
  func finish(_ receive: ImageReceiver) throws(DatasetError) {
    for image in heldBack { try receive(image, .evaluation) }
  }
}
