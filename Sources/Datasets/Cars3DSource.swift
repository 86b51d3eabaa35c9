import Foundation
import Images
import Trials

/// Renderings of cars, 128×128 RGB, scaled to 64×64 by area: each pixel is the mean of four
/// (``ImageScaler``).
///
/// Published with S. E. Reed, Y. Zhang, Y. Zhang, H. Lee, "Deep Visual Analogy-Making", NIPS 2015.
/// Each car is a MATLAB 5 file, `car_NNN_mesh.mat`, whose variable `im` has the extents row,
/// column, channel, azimuth and elevation. The images are ordered by car (in the order of
/// `list.txt`, or of names without that file), then elevation, then azimuth. Missing cars are
/// skipped. The set has no test split, so ``HeldBackSample`` is used for evaluation.
struct Cars3DSource: ImageSource {
  private let cars: CarFiles
  private let sample: HeldBackSample

  /// Images of one car: 24 azimuths × 4 elevations.
  private static let viewCount = 96
  private static let side = 128
  private static let extents = [128, 128, 3, 24, 4]

  /// Finds the archive or the folder of the cars, which `url` itself may be.
  init(at url: URL) throws(DatasetError) {
    cars = try CarFiles(at: url)
    sample = HeldBackSample(ofTotal: cars.names.count * Self.viewCount)
  }

  var encoding: PixelEncoding { .byte }
  var trainingCount: Int { sample.trainingCount }
  var evaluationCount: Int { sample.count }

  func read(_ receive: ImageReceiver) throws(DatasetError) {
    let scaler = ImageScaler(from: Self.side, to: Dataset.cars3d.imageShape.width)
    var dealer = HeldBackDealer(sample)
    for name in cars.names {
      let (bytes, place) = try cars.file(name)
      let values = try MATFile(bytes, place: place).unsignedBytes("im", extents: Self.extents)
      for view in 0..<Self.viewCount {
        let image = scaler.scaled(Self.interleaved(values, view: view), channels: 3)
        try dealer.deal(image, to: receive)
      }
    }
    try dealer.finish(receive)
  }

  /// One image of a car, converted from columns and planes to rows with interleaved channels.
  private static func interleaved(_ values: [UInt8], view: Int) -> [UInt8] {
    let count = side * side
    let start = view * 3 * count
    return [UInt8](unsafeUninitializedCapacity: 3 * count) { pixels, filled in
      for channel in 0..<3 {
        for column in 0..<side {
          for row in 0..<side {
            pixels.initializeElement(
              at: (row * side + column) * 3 + channel,
              to: values[start + channel * count + column * side + row])
          }
        }
      }
      filled = 3 * count
    }
  }
}
