import Images
import Trials

/// The images of a set without a test split that are kept out of training.
///
/// The sample depends on the number of images only, so it is the same for everybody who prepares
/// the same files: of all indices `i` from 0 on, those ``Dataset/heldBackCount(ofTotal:)`` with
/// the smallest `mix(i)`, where `mix` is the output function of SplitMix64 (Steele, Lea, Flood,
/// OOPSLA 2014), all arithmetic modulo 2⁶⁴:
///
///     z = (i + 1) · 0x9E3779B97F4A7C15
///     z = (z xor z >> 30) · 0xBF58476D1CE4E5B9
///     z = (z xor z >> 27) · 0x94D049BB133111EB
///     mix(i) = z xor z >> 31
///
/// `mix` is a bijection, so there are no ties. The sample stands in the archive in the order of
/// `mix(i)`, so that its first images are a fair sample too; the other images keep their order.
/// Where a data set repeats pictures, as dSprites does for squares after a quarter turn, a
/// held-back picture can have a twin in the training part.
struct HeldBackSample {
  /// How many images are held back.
  let count: Int

  private let total: Int
  private let places: [Int: Int]

  /// The sample of a set of `total` images.
  init(ofTotal total: Int) {
    self.total = total
    count = Dataset.heldBackCount(ofTotal: total)
    let order = (0..<total).sorted { Self.mix($0) < Self.mix($1) }
    places = Dictionary(
      uniqueKeysWithValues: order.prefix(count).enumerated().map { ($1, $0) })
  }

  /// How many images are left for training.
  var trainingCount: Int { total - count }

  /// Where in the sample an image stands; nil for a training image.
  func place(of index: Int) -> Int? { places[index] }

  private static func mix(_ index: Int) -> UInt64 {
    var bits = (UInt64(index) &+ 1) &* 0x9e37_79b9_7f4a_7c15
    bits = (bits ^ bits >> 30) &* 0xbf58_476d_1ce4_e5b9
    bits = (bits ^ bits >> 27) &* 0x94d0_49bb_1331_11eb
    return bits ^ bits >> 31
  }
}

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
