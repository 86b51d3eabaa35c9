extension Dataset {
  /// What people must know of a result on the data set: that its pictures were drawn, or what part
  /// of the published images they are, "64,834 of 737,280 images"; nil of a complete published set.
  ///
  /// - Parameter imageCount: Images of both parts of the archive; nil where it is not known.
  package func remark(imageCount: Int?) -> String? {
    if isProcedural { return "drawn" }
    let published = publishedImageCount
    let total = published.training + published.test
    guard let imageCount, imageCount != total else { return nil }
    return "\(imageCount.grouped) of \(total.grouped) images"
  }
}
