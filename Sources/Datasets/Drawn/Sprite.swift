/// The dimensions of the drawing for one image size, in pixels.
struct SpriteGeometry {
  /// The size of the square that contains any sprite; even, so that a quarter turn about its centre
  /// maps pixels to pixels.
  let stampSide: Int
  /// The radius of a circle that contains any sprite.
  let radius: Double
  /// Distance between neighbouring positions.
  let positionStep: Int
  /// Sample points of a pixel along either axis.
  let samplesPerSide: Int

  /// For images of 28×28: 16 + 11 · 1 of 28 pixels are used.
  static let of28 = SpriteGeometry(
    stampSide: 16, radius: 7.5, positionStep: 1, samplesPerSide: 4)
  /// For images of 64×64: 30 + 11 · 3 of 64 pixels are used.
  static let of64 = SpriteGeometry(
    stampSide: 30, radius: 15, positionStep: 3, samplesPerSide: 1)
}

/// One shape in one scale and orientation.
struct Sprite {
  /// The shape, in dSprites' order.
  enum Outline: CaseIterable {
    case square
    case ellipse
    case heart
  }

  let outline: Outline
  /// The scale, relative to the largest sprite.
  let scale: Double
  /// The rotation, counter-clockwise, in twelfths of a turn.
  let orientation: Int

  /// All scales; exact in binary.
  static let scales = [0.5, 0.625, 0.75, 0.875, 1]
  /// The number of orientations in a full turn.
  static let orientationCount = 12

  /// Half the square root of 3, the double nearest to it.
  private static let halfRootOfThree = 0.8660254037844386
  private static let cosines = [
    1, halfRootOfThree, 0.5, 0, -0.5, -halfRootOfThree, -1, -halfRootOfThree, -0.5, 0, 0.5,
    halfRootOfThree,
  ]

  /// The sprite's pixels, row by row from the top: 0 to `white`, by coverage.
  func drawn(_ geometry: SpriteGeometry, white: UInt8) -> [UInt8] {
    let side = geometry.stampSide
    let samples = geometry.samplesPerSide
    let cosine = Self.cosines[orientation]
    let sine = Self.cosines[(orientation + 9) % Self.orientationCount]
    let radius = geometry.radius * scale
    // Sample points in pixels from the centre; multiples of an eighth, so exact.
    let points = (0..<side * samples).map {
      (Double($0) + 0.5) / Double(samples) - Double(side) / 2
    }
    var covered = [Int](repeating: 0, count: side * side)
    for (line, down) in points.enumerated() {
      for (place, x) in points.enumerated() {
        let y = -down
        if contains(cosine * x + sine * y, cosine * y - sine * x, radius: radius) {
          covered[line / samples * side + place / samples] += 1
        }
      }
    }
    let full = samples * samples
    return covered.map { UInt8(($0 * Int(white) + full / 2) / full) }
  }

  /// Whether a point is in the unrotated shape around the origin, y upwards.
  private func contains(_ x: Double, _ y: Double, radius: Double) -> Bool {
    switch outline {
    case .square:
      let half = 0.6875 * radius
      return abs(x) <= half && abs(y) <= half
    case .ellipse:
      let across = x / (0.96875 * radius)
      let along = y / (0.5 * radius)
      return across * across + along * along <= 1
    case .heart:
      // A unit disc sheared along |x|, moved so that its bounding circle is centred at the origin.
      let unit = radius / 1.375
      let across = abs(x) / unit
      let along = y / unit + 0.34375 - across
      return across * across + along * along <= 1
    }
  }
}
