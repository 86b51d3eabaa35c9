import Digests

extension Dataset {
  /// The remark that results on the data set need: that its pictures are drawn, or are a part of
  /// the published images (``share(ofImages:)``), or are other images; nil for a complete published
  /// set and for a user's own images.
  ///
  /// - Parameters:
  ///   - imageCount: Images of both parts of the archive; nil if unknown.
  ///   - archive: The archive's digest; nil if unknown.
  package func remark(imageCount: Int?, archive: Digest? = nil) -> String? {
    if isProcedural { return "drawn" }
    if let share = imageCount.flatMap(share) { return share }
    guard imageCount != nil, let archive, let published = Self.publishedArchives[self],
      archive.hexadecimal != published
    else { return nil }
    return "not the published images"
  }

  /// SHA-256 of the archives of complete published sets, where known.
  private static let publishedArchives: [Dataset: String] = [
    .mnist: "2f0d4510208c355110e3bc226a1a6186715e556291550bbc33bafa5d85aa52bc"
  ]

  /// The part of the published set that an archive of `count` images has, in words; nil if the
  /// count is that of the whole set, or there is no published set.
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
