import Digests
import Foundation
import Images
import TestSupport
import Testing
import Trials

@testable import Datasets

@Suite("Solids in a room are drawn with the six factors of Shapes3D")
struct ShapesTests {
  // The digest agrees with an independent drawing in NumPy after the documentation of
  // ShapesSource, ShapesScene, Solid, ShapesShades and Hue. 10,007 is prime, so every factor takes
  // each of its values.
  @Test("every host draws the same bytes")
  func digest() {
    let indices = Array(stride(from: 0, to: ShapesSource.total, by: 10_007))
    let images = concurrentArray(indices.count) { ShapesSource.image(indices[$0]) }
    var stream = DigestStream()
    for image in images { stream.append(image) }
    #expect(images.count == 48 && images.allSatisfy { $0.count == 64 * 64 * 3 })
    #expect(
      stream.digest.hexadecimal
        == "e2790bc143dbe9be2ffd888e62af8abeded7766aa097098eb8677675e744f9f5")
  }

  @Test("the set has the published grid and holds its evaluation images back")
  func counts() {
    let source = ShapesSource()
    #expect(ShapesSource.total == 10 * 10 * 10 * 8 * 4 * 15)
    #expect(source.trainingCount == Dataset.shapes64.expectedTrainingImageCount)
    #expect(source.evaluationCount == 1024)
    #expect(source.encoding == .byte)
  }

  @Test("ten hues, a tenth of the wheel apart")
  func hues() {
    #expect(Hue(0).tenths == (10, 0, 0))
    #expect(Hue(1).tenths == (10, 6, 0))
    #expect(Hue(2).tenths == (8, 10, 0))
    #expect(Hue(5).tenths == (0, 10, 10))
    #expect(Hue(7).tenths == (2, 0, 10))
    #expect(Hue(9).tenths == (10, 0, 6))
  }

  /// The pixels that show the object in two scenes.
  private func area(_ scene: ShapesScene) -> Int {
    scene.shades().object.count { $0 > 0 }
  }

  @Test("a larger scale shows more of the object", arguments: Solid.Form.allCases)
  func scales(form: Solid.Form) {
    let areas = concurrentArray(8) { scale in
      area(ShapesScene(scale: scale, form: form, orientation: 7))
    }
    for (smaller, larger) in zip(areas, areas.dropFirst()) { #expect(smaller < larger) }
  }

  @Test("all orientations differ, of the sphere too")
  func orientations() {
    let scenes = concurrentArray(15) { orientation in
      ShapesScene(scale: 3, form: .sphere, orientation: orientation).shades()
    }
    #expect(Set(scenes.map { $0.floor + $0.wall + $0.object }).count == 15)
    // The camera looks at the middle, so the sphere's position is unchanged, but not its light.
    #expect(Set(scenes.map { $0.object.map { $0 > 0 } }).count == 1)
  }

  @Test("a hue colours only its own surface, and no pixel is black")
  func surfaces() {
    let shades = ShapesScene(scale: 7, form: .cube, orientation: 12).shades()
    for pixel in 0..<64 * 64 {
      let sum = shades.floor[pixel] + shades.wall[pixel] + shades.object[pixel]
      #expect((16 * 77...16 * 255).contains(sum))
    }
    let plain = shades.painted(floor: Hue(0), wall: Hue(0), object: Hue(0))
    let floor = shades.painted(floor: Hue(5), wall: Hue(0), object: Hue(0))
    let wall = shades.painted(floor: Hue(0), wall: Hue(5), object: Hue(0))
    let object = shades.painted(floor: Hue(0), wall: Hue(0), object: Hue(5))
    for pixel in 0..<64 * 64 {
      func differs(_ other: [UInt8]) -> Bool {
        plain[3 * pixel..<3 * pixel + 3] != other[3 * pixel..<3 * pixel + 3]
      }
      #expect(differs(floor) == (shades.floor[pixel] >= 8))
      #expect(differs(wall) == (shades.wall[pixel] >= 8))
      #expect(differs(object) == (shades.object[pixel] >= 8))
    }
    // The wall is above, the floor below, the object in the middle.
    #expect(shades.wall[32] > 0 && shades.floor[32] == 0 && shades.object[32] == 0)
    #expect(shades.floor[63 * 64 + 32] > 0 && shades.object[63 * 64 + 32] == 0)
    #expect(shades.object[36 * 64 + 32] > 0 && shades.floor[36 * 64 + 32] == 0)
  }
}
