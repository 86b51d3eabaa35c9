import Images
import Trials

/// Solids in a room with the six factors of Shapes3D, drawn by ray casting.
///
/// Floor hue (10) × wall hue (10) × object hue (10) × scale (8) × shape (4: cube, cylinder, sphere,
/// capsule) × orientation (15): 480,000 images of 64×64×3, the last factor varying fastest, the
/// published grid of C. Burgess, H. Kim, "3D Shapes Dataset", 2018. The factors are those of
/// Shapes3D, the pixels are not. ``ShapesScene`` defines the geometry, ``ShapesShades`` the
/// colours.
struct ShapesSource: ImageSource {
  private let sample = HeldBackSample(ofTotal: Self.total)

  /// The number of hues of floor, walls and object each.
  static let hueCount = Hue.count
  /// The number of images.
  static let total = hueCount * hueCount * hueCount * ShapesScene.count

  var encoding: PixelEncoding { .byte }
  var trainingCount: Int { sample.trainingCount }
  var evaluationCount: Int { sample.count }

  /// Draws on all cores, 480 images at a time.
  func read(_ receive: ImageReceiver) throws(DatasetError) {
    let scenes = concurrentArray(ShapesScene.count) { ShapesScene(number: $0).shades() }
    var dealer = HeldBackDealer(sample)
    for hues in 0..<Self.total / ShapesScene.count {
      let images = concurrentArray(scenes.count) { Self.paint(scenes[$0], hues) }
      for image in images { try dealer.deal(image, to: receive) }
    }
    try dealer.finish(receive)
  }

  /// One image of the set, by its index over the factors.
  static func image(_ index: Int) -> [UInt8] {
    let (hues, scene) = index.quotientAndRemainder(dividingBy: ShapesScene.count)
    return paint(ShapesScene(number: scene).shades(), hues)
  }

  /// - Parameter hues: The three hues as one number, the object's varying fastest.
  private static func paint(_ shades: ShapesShades, _ hues: Int) -> [UInt8] {
    shades.painted(
      floor: Hue(hues / (hueCount * hueCount)), wall: Hue(hues / hueCount % hueCount),
      object: Hue(hues % hueCount))
  }
}
