/// A set of images that trials can train on, by the name that sweep files use.
package enum Dataset: String, CaseIterable, Codable, Hashable, Sendable {
  /// Handwritten digits, 28×28 grey; 60,000 training and 10,000 test images.
  case mnist
  /// White shapes on black with five factors, 64×64, one bit per pixel.
  case dsprites
  /// Rendered scenes with six factors, 64×64 colour.
  case shapes3d
  /// Rendered cars with three factors, 64×64 colour.
  case cars3d
  /// Photographs of 100 classes, scaled to 64×64 colour.
  case cifar100
  /// Shapes with the five factors of dSprites, drawn on the spot at 28×28.
  case sprites28
  /// Shapes with the five factors of dSprites, drawn on the spot at 64×64.
  case sprites64
  /// Solids in a room with the six factors of Shapes3D, drawn on the spot in 64×64 colour.
  case shapes64

  /// Channels, height and width of every image.
  package var imageShape: ImageShape {
    switch self {
    case .mnist, .sprites28: ImageShape(channels: 1, height: 28, width: 28)
    case .dsprites, .sprites64: ImageShape(channels: 1, height: 64, width: 64)
    case .shapes3d, .cars3d, .cifar100, .shapes64:
      ImageShape(channels: 3, height: 64, width: 64)
    }
  }

  /// How many images the complete published set has, by split; zero evaluation images where
  /// the publisher defines no test split.
  package var publishedImageCount: (training: Int, test: Int) {
    switch self {
    case .mnist: (60_000, 10_000)
    case .dsprites: (737_280, 0)
    case .shapes3d, .shapes64: (480_000, 0)
    case .cars3d: (17_568, 0)
    case .cifar100: (50_000, 10_000)
    case .sprites28, .sprites64: (25_920, 0)
    }
  }

  /// How many images of a set without a test split are held back from training for evaluation:
  /// 1,024, or a tenth of a smaller set.
  package static func heldBackCount(ofTotal total: Int) -> Int {
    min(1024, total / 10)
  }

  /// How many training images the complete set leaves after holding back its evaluation sample;
  /// what `coordinator plan` counts epochs with when no archive has been prepared.
  package var expectedTrainingImageCount: Int {
    let published = publishedImageCount
    if published.test > 0 { return published.training }
    return published.training - Self.heldBackCount(ofTotal: published.training)
  }

  /// Whether the set is drawn by us rather than read from files.
  package var isProcedural: Bool {
    switch self {
    case .sprites28, .sprites64, .shapes64: true
    case .mnist, .dsprites, .shapes3d, .cars3d, .cifar100: false
    }
  }
}
