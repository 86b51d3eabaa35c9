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
/// `mix` is a bijection, so there are no ties. Both parts keep the order of the files. Where a
/// data set repeats pictures, as dSprites does for squares after a quarter turn, a held-back
/// picture can have a twin in the training part.
struct HeldBackSample {
  private let threshold: UInt64
  private let isEmpty: Bool

  /// How many images are held back.
  let count: Int

  /// The sample of a set of `total` images.
  init(ofTotal total: Int) {
    count = Dataset.heldBackCount(ofTotal: total)
    isEmpty = count == 0
    threshold = isEmpty ? 0 : (0..<total).map(Self.mix).sorted()[count - 1]
  }

  /// The part that an image belongs to.
  func split(of index: Int) -> ImageSplit {
    !isEmpty && Self.mix(index) <= threshold ? .evaluation : .training
  }

  private static func mix(_ index: Int) -> UInt64 {
    var bits = (UInt64(index) &+ 1) &* 0x9e37_79b9_7f4a_7c15
    bits = (bits ^ bits >> 30) &* 0xbf58_476d_1ce4_e5b9
    bits = (bits ^ bits >> 27) &* 0x94d0_49bb_1331_11eb
    return bits ^ bits >> 31
  }
}
