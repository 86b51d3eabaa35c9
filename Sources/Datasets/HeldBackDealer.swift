import Images

/// Distributes the images of a set, in order, to the two parts of an archive.
struct HeldBackDealer {
  private let sample: HeldBackSample
  private var index = 0
  private var heldBack: [[UInt8]]

  /// A dealer for a sample, whose images it keeps in memory.
  init(_ sample: HeldBackSample) {
    self.sample = sample
    heldBack = [[UInt8]](repeating: [], count: sample.count)
  }

  /// Passes the next image on to the training part, or keeps it.
  mutating func deal(_ image: [UInt8], to receive: ImageReceiver) throws(DatasetError) {
    if let place = sample.place(of: index) {
      heldBack[place] = image
    } else {
      try receive(image, .training)
    }
    index += 1
  }

  /// Passes the kept images on to the evaluation part.
  func finish(_ receive: ImageReceiver) throws(DatasetError) {
    for image in heldBack { try receive(image, .evaluation) }
  }
}
