import Randomness
import Trials

/// The images of a set without a test split that are kept out of training.
///
/// The sample depends on the number of images only, so it is the same for everybody who prepares
/// the same files: image `i`, from 0 on, has the number `i` of ``SplitMix64`` from seed 0, and those
/// ``Dataset/heldBackCount(ofTotal:)`` with the smallest numbers are held back. No two of the
/// generator's first 2⁶⁴ numbers are equal, so there are no ties. The sample stands in the archive
/// in the order of its numbers, so that its first images are a fair sample too; the other images
/// keep their order. Where a data set repeats pictures, as dSprites does for squares after a quarter
/// turn, a held-back picture can have a twin in the training part.
struct HeldBackSample {
  /// How many images are held back.
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

  /// How many images are left for training.
  var trainingCount: Int { total - count }

  /// Where in the sample an image stands; nil for a training image.
  func place(of index: Int) -> Int? { places[index] }
}
