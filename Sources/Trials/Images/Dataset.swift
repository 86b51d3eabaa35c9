/// A set of images that trials can train on, by the name that sweep files use.
package enum Dataset: Hashable, Sendable {
  /// Handwritten digits, 28×28 grey; 60,000 training and 10,000 test images.
  case mnist
  /// Articles of clothing, in MNIST's shape and counts.
  case fashionMNIST
  /// White shapes on black with five factors, 64×64, one bit per pixel.
  case dsprites
  /// Rendered scenes with six factors, 64×64 colour.
  case shapes3d
  /// Rendered cars with three factors, 64×64 colour.
  case cars3d
  /// Photographs of 100 classes, scaled to 64×64 colour.
  case cifar100
  /// Shapes with the five factors of dSprites, drawn by this program at 28×28.
  case sprites28
  /// Shapes with the five factors of dSprites, drawn by this program at 64×64.
  case sprites64
  /// Solids in a room with the six factors of Shapes3D, drawn by this program in 64×64 colour.
  case shapes64
  /// A user's own images.
  indirect case own(OwnImages)

  /// The name in sweep files, archives and outputs.
  package var name: String {
    switch self {
    case .mnist: "mnist"
    case .fashionMNIST: "fashion-mnist"
    case .dsprites: "dsprites"
    case .shapes3d: "shapes3d"
    case .cars3d: "cars3d"
    case .cifar100: "cifar100"
    case .sprites28: "sprites28"
    case .sprites64: "sprites64"
    case .shapes64: "shapes64"
    case .own(let images): images.name
    }
  }

  /// Channels, height and width of every image.
  package var imageShape: ImageShape {
    switch self {
    case .mnist, .fashionMNIST, .sprites28: ImageShape(channels: 1, height: 28, width: 28)
    case .dsprites, .sprites64: ImageShape(channels: 1, height: 64, width: 64)
    case .shapes3d, .cars3d, .cifar100, .shapes64:
      ImageShape(channels: 3, height: 64, width: 64)
    case .own(let images): images.shape
    }
  }

  /// The number of images of the complete published set, by split; 0 test images if the publisher
  /// defines no test split; nil for a user's own images.
  package var publishedImageCount: (training: Int, test: Int)? {
    switch self {
    case .mnist, .fashionMNIST: (60_000, 10_000)
    case .dsprites: (737_280, 0)
    case .shapes3d, .shapes64: (480_000, 0)
    case .cars3d: (17_568, 0)
    case .cifar100: (50_000, 10_000)
    case .sprites28, .sprites64: (25_920, 0)
    case .own: nil
    }
  }

  /// The number of images held back from training for evaluation, for a set without a test split:
  /// 1,024, or a tenth of a smaller set.
  package static func heldBackCount(ofTotal total: Int) -> Int {
    min(1024, total / 10)
  }

  /// The number of training images of the complete set, after evaluation images are held back.
  ///
  /// `coordinator plan` uses it if no archive has been prepared.
  ///
  /// For a user's own images it is MNIST's number.
  package var expectedTrainingImageCount: Int {
    guard let published = publishedImageCount else { return 60_000 }
    if published.test > 0 { return published.training }
    return published.training - Self.heldBackCount(ofTotal: published.training)
  }

  /// Whether this program draws the set, instead of reading it from files.
  package var isProcedural: Bool {
    switch self {
    case .sprites28, .sprites64, .shapes64: true
    case .mnist, .fashionMNIST, .dsprites, .shapes3d, .cars3d, .cifar100, .own: false
    }
  }
}

extension Dataset: CaseIterable {
  /// Every set but users' own.
  package static let allCases: [Dataset] = [
    .mnist, .fashionMNIST, .dsprites, .shapes3d, .cars3d, .cifar100, .sprites28, .sprites64,
    .shapes64,
  ]
}

extension Dataset: RawRepresentable, Codable {
  /// The text in configurations and so in identities: the name; for a user's own set, with its
  /// shape.
  package var rawValue: String {
    if case .own(let images) = self { images.text } else { name }
  }

  /// The set with that text in configurations; nil if there is none.
  package init?(rawValue: String) {
    if let dataset = Self.byName[rawValue] {
      self = dataset
    } else if let images = OwnImages(text: rawValue) {
      self = .own(images)
    } else {
      return nil
    }
  }

  private static let byName = Dictionary(uniqueKeysWithValues: allCases.map { ($0.name, $0) })
}
