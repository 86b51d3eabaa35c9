import Trials

/// One solid in a room, seen from one orientation; without colours.
///
/// The room is square: floor y = 0, walls x = ±6 and z = ±6 of unlimited height. The ``Solid`` is
/// in the middle. Eight scales range from 0.75 to 1.25. Fifteen orientations, from −30 to 30
/// degrees, move the camera around the middle from left to right, at a distance of 5 and a height
/// of 2.25; it looks at the point (0, 1, 0). The picture's half width is 0.46875 of the distance to
/// that point.
///
/// The lamp is at (−3, 6.5, 5.5). A point's brightness is 255·(0.3 + 0.7·cos), with the angle
/// between the surface's normal and the direction to the lamp; in shadow it is 255·0.3.
///
/// Only additions, multiplications, divisions and square roots of IEEE doubles are used, in the
/// order of the code, and no mathematics library, so every host draws the same bits.
struct ShapesScene {
  private let solid: Solid
  private let cosine: Double
  private let sine: Double

  /// The number of scenes: scales × shapes × orientations.
  static let count = scaleCount * Solid.Form.allCases.count * orientationCount
  /// The number of scales.
  static let scaleCount = 8
  /// The number of orientations.
  static let orientationCount = 15

  private static let shape = Dataset.shapes64.imageShape
  /// Half the room's width.
  private static let wallDistance = 6.0
  private static let cameraDistance = 5.0
  private static let cameraHeight = 2.25
  private static let target = SIMD3(0, 1.0, 0)
  private static let halfWidth = 0.46875
  private static let lamp = SIMD3(-3, 6.5, 5.5)
  private static let ambient = 0.3
  private static let diffuse = 0.7

  /// Cosine and sine of 0, 30/7, …, 30 degrees; the doubles nearest to them.
  private static let turns: [(cosine: Double, sine: Double)] = [
    (1.0, 0.0),
    (0.9972037971811801, 0.07473009358642425),
    (0.9888308262251285, 0.14904226617617444),
    (0.9749279121818236, 0.2225209339563144),
    (0.9555728057861407, 0.2947551744109042),
    (0.9308737486442042, 0.36534102436639504),
    (0.9009688679024191, 0.4338837391175581),
    (0.8660254037844386, 0.5),
  ]

  /// The scene of an index over scale, shape and orientation, the last varying fastest.
  init(number: Int) {
    precondition((0..<Self.count).contains(number), "there are \(Self.count) scenes")
    let (rest, orientation) = number.quotientAndRemainder(dividingBy: Self.orientationCount)
    let forms = Solid.Form.allCases
    self.init(
      scale: rest / forms.count, form: forms[rest % forms.count], orientation: orientation)
  }

  /// The scene of these factors: a scale from 0 to 7, an orientation from 0 to 14.
  init(scale: Int, form: Solid.Form, orientation: Int) {
    solid = Solid(form: form, scale: Double(21 + 2 * scale) / 28)
    let steps = orientation - Self.orientationCount / 2
    let turn = Self.turns[abs(steps)]
    cosine = turn.cosine
    sine = steps < 0 ? -turn.sine : turn.sine
  }

  /// The shades of every pixel.
  func shades() -> ShapesShades {
    let width = Self.shape.width
    let samples = ShapesShades.samplesPerSide
    let camera = SIMD3(
      Self.cameraDistance * sine, Self.cameraHeight, Self.cameraDistance * cosine)
    let forward = (Self.target - camera).normalized
    let right = SIMD3(cosine, 0, -sine)
    let up = SIMD3(
      right.y * forward.z - right.z * forward.y, right.z * forward.x - right.x * forward.z,
      right.x * forward.y - right.y * forward.x)
    // From −1 to 1 across the picture; odd multiples of 1/256, so exact.
    let places = (0..<width * samples).map {
      Double(2 * $0 + 1) / Double(width * samples) - 1
    }
    var shades = ShapesShades(pixelCount: width * Self.shape.height)
    for (line, down) in places.enumerated() {
      let rowDirection = forward - (Self.halfWidth * down) * up
      for (place, across) in places.enumerated() {
        let direction = rowDirection + (Self.halfWidth * across) * right
        let (surface, brightness) = look(from: camera, along: direction)
        shades.add(brightness, of: surface, to: line / samples * width + place / samples)
      }
    }
    return shades
  }

  /// The first surface that a ray from the camera hits.
  private func look(
    from camera: SIMD3<Double>, along direction: SIMD3<Double>
  ) -> (ShapesShades.Surface, UInt8) {
    if let hit = solid.hit(from: camera, along: direction) {
      let point = camera + hit.distance * direction
      return (.object, Self.brightness(cosine: Self.lampCosine(point, hit.normal.normalized)))
    }
    var distance = Double.infinity
    var normal = SIMD3<Double>.zero
    for axis in stride(from: 0, through: 2, by: 2) where direction[axis] != 0 {
      let isRising = direction[axis] > 0
      let wall =
        ((isRising ? Self.wallDistance : -Self.wallDistance) - camera[axis]) / direction[axis]
      guard wall < distance else { continue }
      distance = wall
      normal = .zero
      normal[axis] = isRising ? -1 : 1
    }
    var surface = ShapesShades.Surface.wall
    if direction.y < 0, -camera.y / direction.y < distance {
      distance = -camera.y / direction.y
      normal = SIMD3(0, 1, 0)
      surface = .floor
    }
    let point = camera + distance * direction
    if let shadow = solid.hit(from: point, along: Self.lamp - point), shadow.distance < 1 {
      return (surface, Self.brightness(cosine: 0))
    }
    return (surface, Self.brightness(cosine: Self.lampCosine(point, normal)))
  }

  /// The cosine of the angle between a unit normal at a point and the direction to the lamp.
  private static func lampCosine(_ point: SIMD3<Double>, _ normal: SIMD3<Double>) -> Double {
    normal.dot((lamp - point).normalized)
  }

  private static func brightness(cosine: Double) -> UInt8 {
    UInt8(255 * (ambient + diffuse * (cosine > 0 ? cosine : 0)) + 0.5)
  }
}
