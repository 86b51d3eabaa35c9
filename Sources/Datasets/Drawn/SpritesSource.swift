import Images
import Trials

/// Shapes with the five factors of dSprites, drawn white on black, one shape per image.
///
/// Three shapes (square, ellipse, heart) × 5 scales (0.5, 0.625, 0.75, 0.875, 1) × 12 orientations
/// (0 to 330 degrees in steps of 30, counter-clockwise) × 12 columns × 12 rows: 25,920 images, the
/// last factor varying fastest, as in dSprites. A square looks the same after a quarter turn and
/// an ellipse after half a turn, so 15,120 pictures are different.
///
/// At 64×64 a pixel is white if its centre is in the shape, as in dSprites. At 28×28 neighbouring
/// scales and angles would then give equal pictures, so a pixel has one of 17 greys, by the number
/// of points of a 4×4 grid that are in the shape.
///
/// Positions are whole pixels. The drawing uses only additions, multiplications and divisions of
/// IEEE doubles, and no mathematics library, so every host draws the same bits.
struct SpritesSource: ImageSource {
  private let shape: ImageShape
  private let geometry: SpriteGeometry
  private let sample = HeldBackSample(ofTotal: Self.total)

  /// The number of images.
  static let total =
    Sprite.Outline.allCases.count * Sprite.scales.count * Sprite.orientationCount
    * positionCount * positionCount
  /// The number of positions of a shape along either axis.
  static let positionCount = 12

  /// The drawing for `dataset`, one of the two sets of sprites.
  init(_ dataset: Dataset) {
    precondition(dataset.isProcedural, "\(dataset.name) is not drawn")
    shape = dataset.imageShape
    geometry = dataset == .sprites28 ? .of28 : .of64
  }

  var encoding: PixelEncoding { geometry.samplesPerSide == 1 ? .bit : .byte }
  var trainingCount: Int { sample.trainingCount }
  var evaluationCount: Int { sample.count }

  func read(_ receive: ImageReceiver) throws(DatasetError) {
    let white: UInt8 = encoding == .bit ? 1 : 255
    var dealer = HeldBackDealer(sample)
    for outline in Sprite.Outline.allCases {
      for scale in Sprite.scales {
        for orientation in 0..<Sprite.orientationCount {
          let sprite = Sprite(outline: outline, scale: scale, orientation: orientation)
          let stamp = sprite.drawn(geometry, white: white)
          for column in 0..<Self.positionCount {
            for row in 0..<Self.positionCount {
              try dealer.deal(place(stamp, column: column, row: row), to: receive)
            }
          }
        }
      }
    }
    try dealer.finish(receive)
  }

  /// A black image with the stamp at one of the positions.
  private func place(_ stamp: [UInt8], column: Int, row: Int) -> [UInt8] {
    let side = geometry.stampSide
    var image = [UInt8](repeating: 0, count: shape.elementCount)
    for line in 0..<side {
      let start =
        (row * geometry.positionStep + line) * shape.width + column * geometry.positionStep
      image.replaceSubrange(start..<start + side, with: stamp[line * side..<(line + 1) * side])
    }
    return image
  }
}
