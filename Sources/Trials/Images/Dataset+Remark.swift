import Digests

extension Dataset {
  /// What people must know of a result on the data set: that its pictures were drawn, or what part
  /// of the published images they are, as ``share(ofImages:)`` tells it; or that they are others; nil of a
  /// complete published set and of a user's own images.
  ///
  /// - Parameters:
  ///   - imageCount: Images of both parts of the archive; nil where it is not known.
  ///   - archive: The archive's digest; nil where it is not known.
  package func remark(imageCount: Int?, archive: Digest? = nil) -> String? {
    if isProcedural { return "drawn" }
    if let share = imageCount.flatMap(share) { return share }
    guard imageCount != nil, let archive, let published = Self.publishedArchives[self],
      archive.hexadecimal != published
    else { return nil }
    return "not the published images"
  }

  /// SHA-256 of the archives that the complete published sets become, where it is known.
  private static let publishedArchives: [Dataset: String] = [
    .mnist: "2f0d4510208c355110e3bc226a1a6186715e556291550bbc33bafa5d85aa52bc"
  ]

  /// What part of the published set an archive of so many images is, in words; nil when it is all
  /// of it, by its count, or when there is no published set.
  ///
  /// `40 of 183 cars`, `1,000,000 images, 70,000 are published`, `64,834 of 737,280 images`.
  package func share(ofImages count: Int) -> String? {
    guard let published = publishedImageCount, count != published.training + published.test else {
      return nil
    }
    let total = published.training + published.test
    if count > total { return "\(count.grouped) images, \(total.grouped) are published" }
    let views = 96
    if self == .cars3d, count.isMultiple(of: views) {
      return "\(count / views) of \(total / views) cars"
    }
    return "\(count.grouped) of \(total.grouped) images"
  }
}
