import Datasets
import Digests
import Foundation
import Images
import TestSupport
import Testing
import Trials

@Suite("Sprites are drawn with five known factors")
struct SpritesTests {
  /// All pictures of a set in the order of their factors.
  private struct Pictures {
    let images: [[UInt8]]
    let side: Int

    /// Prepares a set and restores the drawing order of its two parts.
    init(_ dataset: Dataset, _ prepared: PreparedImages) throws {
      let archive = try ImageArchive.open(at: prepared.url)
      let total = prepared.trainingCount + prepared.evaluationCount
      var images = [[UInt8]](repeating: [], count: total)
      let order = (0..<total).sorted { Self.mix($0) < Self.mix($1) }
      let heldBack = order.prefix(prepared.evaluationCount)
      for (place, index) in heldBack.enumerated() {
        images[index] = archive.bytes(of: place, in: .evaluation)
      }
      for (place, index) in order.dropFirst(heldBack.count).sorted().enumerated() {
        images[index] = archive.bytes(of: place, in: .training)
      }
      self.images = images
      side = dataset.imageShape.width
    }

    /// The picture with these factors: shape, scale, orientation, column, row.
    func picture(_ shape: Int, _ scale: Int, _ orientation: Int, _ column: Int, _ row: Int)
      -> [UInt8]
    {
      images[(((shape * 5 + scale) * 12 + orientation) * 12 + column) * 12 + row]
    }

    private static func mix(_ index: Int) -> UInt64 {
      var bits = (UInt64(index) &+ 1) &* 0x9e37_79b9_7f4a_7c15
      bits = (bits ^ bits >> 30) &* 0xbf58_476d_1ce4_e5b9
      bits = (bits ^ bits >> 27) &* 0x94d0_49bb_1331_11eb
      return bits ^ bits >> 31
    }
  }

  // The digests agree with an independent drawing in NumPy after the documentation of
  // SpritesSource, HeldBackSample and ImageArchiveHeader.
  @Test(
    "every host draws the same bytes",
    arguments: [
      (Dataset.sprites28, "eb1cae84f3fe4dbc2aee3b616348c1b712e341eef12075f151a03fb2a14feb50"),
      (Dataset.sprites64, "47bdd5620f5fb2fa1f5846b7b74d96073bc9beef80d95faa5f6fa692fa7cbd7a"),
    ])
  func digests(dataset: Dataset, digest: String) throws {
    let folder = try TemporaryFolder()
    var progress: [Int] = []
    let outcome = try DatasetPreparer.prepare(dataset, from: nil, into: folder.url) { done, total in
      #expect(total == 25_920)
      progress.append(done)
    }
    #expect(outcome.images.digest.hexadecimal == digest)
    #expect(outcome.images.trainingCount == dataset.expectedTrainingImageCount)
    #expect(outcome.images.evaluationCount == 1024)
    #expect(outcome.images.share == nil)
    #expect(progress == progress.sorted() && progress.last == 25_920)
    let archive = try ImageArchive.open(at: outcome.images.url)
    #expect(archive.encoding == (dataset == .sprites28 ? .byte : .bit))
  }

  @Test("each factor changes what its name says, and sprites are complete")
  func factors() throws {
    let folder = try TemporaryFolder()
    let outcome = try DatasetPreparer.prepare(.sprites28, from: nil, into: folder.url)
    let pictures = try Pictures(.sprites28, outcome.images)
    let side = pictures.side

    // 3·12 orientations of which the square repeats after 3 and the ellipse after 6: 3 + 6 + 12.
    #expect(Set(pictures.images).count == 5 * (3 + 6 + 12) * 144)

    func ink(_ picture: [UInt8]) -> Int { picture.reduce(0) { $0 + Int($1) } }
    for shape in 0..<3 {
      var smaller = 0
      for scale in 0..<5 {
        let upright = ink(pictures.picture(shape, scale, 0, 0, 0))
        #expect(upright > smaller + 255)
        smaller = upright
        for orientation in 0..<12 {
          let corner = pictures.picture(shape, scale, orientation, 0, 0)
          let picture = pictures.picture(shape, scale, orientation, 11, 0)
          // Eleven columns to the right, and eleven rows down.
          var right = [UInt8](repeating: 0, count: 11) + corner
          right.removeLast(11)
          #expect(picture == right)
          var down = [UInt8](repeating: 0, count: 11 * side) + corner
          down.removeLast(11 * side)
          #expect(pictures.picture(shape, scale, orientation, 0, 11) == down)
          #expect(ink(right) == ink(corner) && ink(down) == ink(corner))
          // Turning changes the area only by the grid of points.
          #expect(abs(ink(corner) - upright) < 6 * 255)
        }
        for orientation in 0..<9 {
          let isSame =
            pictures.picture(shape, scale, orientation, 4, 4)
            == pictures.picture(shape, scale, orientation + 3, 4, 4)
          #expect(isSame == (shape == 0))
        }
      }
    }
    // A quarter turn counter-clockwise of the heart: its tip goes from below to the right.
    let stamp = 16
    func stamped(_ orientation: Int) -> [[UInt8]] {
      let picture = pictures.picture(2, 4, orientation, 0, 0)
      return (0..<stamp).map { Array(picture[$0 * side..<$0 * side + stamp]) }
    }
    let upright = stamped(0)
    let turned = stamped(3)
    for row in 0..<stamp {
      for column in 0..<stamp {
        #expect(turned[stamp - 1 - column][row] == upright[row][column])
      }
    }
    #expect(
      ink(upright[..<(stamp / 2)].flatMap { $0 }) > ink(upright[(stamp / 2)...].flatMap { $0 }))
  }
}
