/// The brightness of floor, walls and object in each pixel of a scene, before colouring.
///
/// A pixel has 16 sample points. Each adds its brightness, 0 to 255, to the sum of its surface, so
/// the three sums of a pixel are at most 16·255 together. A colour channel of a pixel is Σ
/// sum·colour over the surfaces, with colours in tenths (``Hue``), divided by 160 and rounded to
/// nearest, halves up; all in integers.
struct ShapesShades: Sendable {
  /// Sums of the floor, row by row from the top.
  private(set) var floor: [UInt16]
  /// Sums of the walls.
  private(set) var wall: [UInt16]
  /// Sums of the object.
  private(set) var object: [UInt16]

  /// The surfaces that a ray can hit.
  enum Surface {
    case floor
    case wall
    case object
  }

  /// Sample points of a pixel along either axis.
  static let samplesPerSide = 4

  private static let divisor = UInt16(10 * samplesPerSide * samplesPerSide)

  /// All sums zero.
  init(pixelCount: Int) {
    floor = [UInt16](repeating: 0, count: pixelCount)
    wall = floor
    object = floor
  }

  /// Adds the brightness of one sample point.
  mutating func add(_ brightness: UInt8, of surface: Surface, to pixel: Int) {
    switch surface {
    case .floor: floor[pixel] += UInt16(brightness)
    case .wall: wall[pixel] += UInt16(brightness)
    case .object: object[pixel] += UInt16(brightness)
    }
  }

  /// The picture in these colours: red, green and blue of every pixel.
  func painted(floor floorHue: Hue, wall wallHue: Hue, object objectHue: Hue) -> [UInt8] {
    let count = floor.count
    let (floorColour, wallColour, objectColour) = (
      floorHue.tenths, wallHue.tenths, objectHue.tenths
    )
    return [UInt8](unsafeUninitializedCapacity: 3 * count) { image, initializedCount in
      floor.withUnsafeBufferPointer { floor in
        wall.withUnsafeBufferPointer { wall in
          object.withUnsafeBufferPointer { object in
            for pixel in 0..<count {
              // At most 16·255·10 + 80, which fits 16 bits.
              func mixed(_ floorTenths: UInt16, _ wallTenths: UInt16, _ objectTenths: UInt16)
                -> UInt8
              {
                let sum =
                  floor[pixel] &* floorTenths &+ wall[pixel] &* wallTenths
                  &+ object[pixel] &* objectTenths
                return UInt8(truncatingIfNeeded: (sum &+ Self.divisor / 2) / Self.divisor)
              }
              image[3 * pixel] = mixed(floorColour.red, wallColour.red, objectColour.red)
              image[3 * pixel + 1] = mixed(floorColour.green, wallColour.green, objectColour.green)
              image[3 * pixel + 2] = mixed(floorColour.blue, wallColour.blue, objectColour.blue)
            }
          }
        }
      }
      initializedCount = 3 * count
    }
  }
}
