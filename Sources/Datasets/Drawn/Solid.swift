/// A solid on the floor, y = 0, centred on the y axis.
///
/// At scale 1: a cube of side 1.375, a cylinder of radius 0.75 and height 1.5, a sphere of radius
/// 0.875, an upright capsule of radius 0.5625 and height 2.
struct Solid {
  /// The shape, in Shapes3D's order.
  enum Form: CaseIterable {
    case cube
    case cylinder
    case sphere
    case capsule
  }

  let form: Form
  /// The factor on every length.
  let scale: Double

  /// The point where a ray hits the solid.
  struct Hit {
    /// The distance to the point in lengths of the ray's direction.
    var distance: Double
    /// The outward normal, of any length but zero.
    var normal: SIMD3<Double>
  }

  /// The first point of a ray that starts outside, above or on the floor; nil if it misses.
  func hit(from origin: SIMD3<Double>, along direction: SIMD3<Double>) -> Hit? {
    switch form {
    case .cube: cube(0.6875 * scale, origin, direction)
    case .cylinder:
      nearer(
        tube(0.75 * scale, 0, 1.5 * scale, origin, direction),
        lid(0.75 * scale, 1.5 * scale, origin, direction))
    case .sphere: ball(0.875 * scale, 0.875 * scale, origin, direction)
    case .capsule:
      nearer(
        tube(0.5625 * scale, 0.5625 * scale, 1.4375 * scale, origin, direction),
        nearer(
          ball(0.5625 * scale, 0.5625 * scale, origin, direction),
          ball(0.5625 * scale, 1.4375 * scale, origin, direction)))
    }
  }

  private func nearer(_ one: Hit?, _ other: Hit?) -> Hit? {
    guard let one else { return other }
    guard let other else { return one }
    return other.distance < one.distance ? other : one
  }

  /// A cube with edge 2·`half`: the point where the ray has entered all three slabs.
  private func cube(
    _ half: Double, _ origin: SIMD3<Double>, _ direction: SIMD3<Double>
  ) -> Hit? {
    var entry = 0.0
    var exit = Double.infinity
    var normal: SIMD3<Double>?
    for axis in 0..<3 {
      let low = axis == 1 ? 0 : -half
      let high = axis == 1 ? 2 * half : half
      guard direction[axis] != 0 else {
        guard low <= origin[axis], origin[axis] <= high else { return nil }
        continue
      }
      let isRising = direction[axis] > 0
      let first = ((isRising ? low : high) - origin[axis]) / direction[axis]
      let last = ((isRising ? high : low) - origin[axis]) / direction[axis]
      if first > entry {
        entry = first
        var face = SIMD3<Double>.zero
        face[axis] = isRising ? -1 : 1
        normal = face
      }
      if last < exit { exit = last }
    }
    guard let normal, entry <= exit else { return nil }
    return Hit(distance: entry, normal: normal)
  }

  /// The lateral surface of a cylinder around the y axis, between two heights.
  private func tube(
    _ radius: Double, _ low: Double, _ high: Double, _ origin: SIMD3<Double>,
    _ direction: SIMD3<Double>
  ) -> Hit? {
    let a = direction.x * direction.x + direction.z * direction.z
    let b = origin.x * direction.x + origin.z * direction.z
    let c = origin.x * origin.x + origin.z * origin.z - radius * radius
    guard let distance = Self.firstRoot(a, b, c) else { return nil }
    let point = origin + distance * direction
    guard low <= point.y, point.y <= high else { return nil }
    return Hit(distance: distance, normal: SIMD3(point.x, 0, point.z))
  }

  /// A disc at a height, seen from above.
  private func lid(
    _ radius: Double, _ height: Double, _ origin: SIMD3<Double>, _ direction: SIMD3<Double>
  ) -> Hit? {
    guard direction.y < 0, origin.y > height else { return nil }
    let distance = (height - origin.y) / direction.y
    let point = origin + distance * direction
    guard point.x * point.x + point.z * point.z <= radius * radius else { return nil }
    return Hit(distance: distance, normal: SIMD3(0, 1, 0))
  }

  /// A ball with its centre on the y axis.
  private func ball(
    _ radius: Double, _ height: Double, _ origin: SIMD3<Double>, _ direction: SIMD3<Double>
  ) -> Hit? {
    let centre = SIMD3(0, height, 0)
    let start = origin - centre
    let c = start.dot(start) - radius * radius
    guard let distance = Self.firstRoot(direction.dot(direction), start.dot(direction), c) else {
      return nil
    }
    return Hit(distance: distance, normal: start + distance * direction)
  }

  /// The smaller t of a·t² + 2·b·t + c = 0 if it is positive.
  private static func firstRoot(_ a: Double, _ b: Double, _ c: Double) -> Double? {
    let discriminant = b * b - a * c
    guard a > 0, discriminant >= 0 else { return nil }
    let root = (-b - discriminant.squareRoot()) / a
    return root > 0 ? root : nil
  }
}

extension SIMD3<Double> {
  /// The scalar product, summed from x to z.
  func dot(_ other: SIMD3<Double>) -> Double { x * other.x + y * other.y + z * other.z }

  /// The vector of the same direction and length 1.
  var normalized: SIMD3<Double> { self / dot(self).squareRoot() }
}
