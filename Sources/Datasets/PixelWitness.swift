import Digests
import Images
import Trials

/// Checks the images of a published set while they are read, and refuses those that cannot be the
/// published ones: one image repeated, equal images in both parts, or another set's or part's
/// images.
struct PixelWitness {
  private let dataset: Dataset
  private let counts: [ImageSplit: Int]
  private let place: String
  private var digests: [ImageSplit: DigestStream] = [.training: .init(), .evaluation: .init()]
  private var first: [UInt8]?
  private var isMonotonous = true

  /// SHA-256 of all pixels of a published part, one image after the other.
  ///
  /// `zcat train-images-idx3-ubyte.gz | tail -c +17 | sha256sum`, and the same of
  /// `t10k-images-idx3-ubyte.gz`; other sets have no published digest.
  private static let published: [(dataset: Dataset, split: ImageSplit, digest: String)] = [
    (.mnist, .training, "741c988805d008ac6e4c904b69001ba184c24b2c540a4ef403f4c71b676cf757"),
    (.mnist, .evaluation, "6d87418db22cc8025d05968bec9bd5c3932904b23485740db143a061a2c9d161"),
  ]

  /// A witness for a set that is about to be read; nil for sets that are not published.
  ///
  /// - Parameter place: The source's path for messages.
  init?(of dataset: Dataset, _ source: any ImageSource, place: String) {
    guard dataset.publishedImageCount != nil, !dataset.isProcedural else { return nil }
    self.dataset = dataset
    self.place = place
    counts = [.training: source.trainingCount, .evaluation: source.evaluationCount]
  }

  /// Refuses parts with the other part's published count.
  func checkCounts() throws(DatasetError) {
    guard let published = dataset.publishedImageCount, published.test > 0,
      counts[.training] == published.test, counts[.evaluation] == published.training
    else { return }
    throw .refused(
      place: place,
      found: "\(published.test) training images and \(published.training) test images",
      expected: "\(published.training) and \(published.test), as published",
      remedy: "the files of training and test are exchanged: give each the other's name")
  }

  /// Observes an image.
  mutating func see(_ image: [UInt8], _ split: ImageSplit) {
    if first == nil { first = image } else if isMonotonous { isMonotonous = image == first }
    if dataset.imageShape.height == 28 { digests[split]?.append(image) }
  }

  /// Refuses images that cannot be the published ones.
  func checkImages() throws(DatasetError) {
    let total = counts.values.reduce(0, +)
    guard total < 2 || !isMonotonous else {
      throw .refused(
        place: place, found: "the same image \(total) times",
        expected: "images of \(dataset.name)", remedy: remedy)
    }
    guard dataset.imageShape.height == 28 else { return }
    let found = digests.mapValues { $0.digest.hexadecimal }
    guard counts[.training] != counts[.evaluation] || found[.training] != found[.evaluation] else {
      throw .refused(
        place: place, found: "the same images for training and for test",
        expected: "two files of different images", remedy: remedy)
    }
    for part in Self.published {
      for split in ImageSplit.allCases
      where found[split] == part.digest && (part.dataset, part.split) != (dataset, split) {
        throw .refused(
          place: place,
          found: "as \(split.rawValue) images the published \(part.split.rawValue) images of "
            + part.dataset.name, expected: "those of \(dataset.name)", remedy: remedy)
      }
    }
  }

  private var remedy: String { "name the published files of \(dataset.name), each by its own name" }
}
