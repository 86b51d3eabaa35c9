import Datasets
import Digests
import Downloads
import Files
import Foundation
import Images
import Trials

/// Compares files to prepare with the published ones.
enum PublishedCheck {
  /// Refuses a file that is published for another data set, or as another part of this one.
  ///
  /// Only files of a published size are read.
  static func vet(_ files: [SourceFile], of dataset: Dataset) throws(DatasetError) {
    for file in files {
      let attributes = try? FileManager.default.attributesOfItem(atPath: file.url.path)
      let size = (attributes?[.size] as? NSNumber)?.intValue
      let candidates = PublishedData.datasets.flatMap { name in
        (PublishedData.files(of: name) ?? []).filter { $0.byteCount == size && size != nil }
          .map { (dataset: name, file: $0) }
      }
      guard !candidates.isEmpty,
        let data = try? WholeFile.mapped(file.url)
      else { continue }
      let digest = Digest.of(data)
      for candidate in candidates where candidate.file.checksum == .sha256(digest) {
        let isOtherPart = part(of: candidate.file.name).map { $0 != file.part } ?? false
        guard candidate.dataset != dataset.name || isOtherPart else { continue }
        throw .refused(
          place: file.url.path,
          found: "the published \(candidate.file.name) of \(candidate.dataset)",
          expected: "\(file.part.map { "\($0.rawValue) " } ?? "")images of \(dataset.name)",
          remedy: candidate.dataset == dataset.name
            ? "the files of training and test are exchanged: give each the other's name"
            : "coordinator data prepare \(candidate.dataset) takes it")
      }
    }
  }

  /// The part of its set that a published file holds; nil if it holds the whole set.
  private static func part(of name: String) -> ImageSplit? {
    name.hasPrefix("train") ? .training : name.hasPrefix("t10k") ? .evaluation : nil
  }
}
