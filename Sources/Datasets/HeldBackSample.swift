import Randomness
import Trials

/// The images that are held back for evaluation in a set without a test split.
///
/// The sample depends only on the number of images. Image `i`, from 0, gets number `i` of
/// ``SplitMix64`` with seed 0; the ``Dataset/heldBackCount(ofTotal:)`` images with the smallest
/// numbers are held back. The generator's first 2⁶⁴ numbers are distinct, so there are no ties. The
/// archive has the sample in the order of these numbers, so that its first images are a random
/// sample too; the other images keep their order. If a data set has equal pictures, as dSprites has
/// squares after a quarter turn, a held-back picture can also be in the training part.
struct HeldBackSample {
  /// The number of images held back.
  let count: Int

  private let total: Int
  private let places: [Int: Int]

  /// The sample of a set of `total` images.
  init(ofTotal total: Int) {
    self.total = total
    count = Dataset.heldBackCount(ofTotal: total)
    var random = SplitMix64(seed: 0)
    let numbers = (0..<total).map { _ in random.next() }
    let order = numbers.indices.sorted { numbers[$0] < numbers[$1] }
    places = Dictionary(
      uniqueKeysWithValues: order.prefix(count).enumerated().map { ($1, $0) })
  }

  /// The number of images left for training.
  var trainingCount: Int { total - count }

  /// An image's index in the sample; nil for a training image.
  func place(of index: Int) -> Int? { places[index] }
}
