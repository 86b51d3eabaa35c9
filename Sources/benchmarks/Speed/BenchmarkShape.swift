import ArgumentParser
import Trials

/// The two image sizes of networks.
enum BenchmarkShape: String, CaseIterable, Codable, ExpressibleByArgument {
  /// 28×28×1, by default channels [32, 32, 64].
  case mnist
  /// 64×64×3, by default channels [32, 32, 64, 64].
  case rgb64

  /// The extents of its images.
  var image: ImageShape {
    switch self {
    case .mnist: ImageShape(channels: 1, height: 28, width: 28)
    case .rgb64: ImageShape(channels: 3, height: 64, width: 64)
    }
  }

  /// The default widths of its convolutions.
  var defaultChannels: [Int] {
    switch self {
    case .mnist: [32, 32, 64]
    case .rgb64: [32, 32, 64, 64]
    }
  }
}
