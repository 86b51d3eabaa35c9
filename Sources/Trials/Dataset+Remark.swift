extension Dataset {
  /// What people must know of a result on the data set: that its pictures were drawn, or what part
  /// of the published images they are, as ``share(ofImages:)`` tells it; nil of a complete published
  /// set and of a user's own images.
  ///
  /// - Parameter imageCount: Images of both parts of the archive; nil where it is not known.
  package func remark(imageCount: Int?) -> String? {
    isProcedural ? "drawn" : imageCount.flatMap(share)
  }

  /// What part of the published set an archive of so many images is, in words; nil when it is all
  /// of it, or when there is no published set.
  ///
  /// `40 of 183 cars`, `64,834 of 737,280 images`.
  package func share(ofImages count: Int) -> String? {
    guard let published = publishedImageCount, count < published.training + published.test else {
      return nil
    }
    let total = published.training + published.test
    let views = 96
    if self == .cars3d, count.isMultiple(of: views) {
      return "\(count / views) of \(total / views) cars"
    }
    return "\(count.grouped) of \(total.grouped) images"
  }
}
