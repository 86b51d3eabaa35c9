import Files
import Foundation
import Trials

/// `images.json` in a sweep's folder: of each data set of which only a part of the published images
/// was trained on, which archive and what part, so that every output can say so.
///
/// Written when a run begins. In a folder without it, outputs say nothing about parts.
enum ImageNotes {
  private struct Note: Codable {
    var sha256: String
    var share: String
  }

  private static let name = "images.json"
  private static let byteLimit = 1 << 20

  /// Writes the file, if any of the archives holds a part only.
  static func write(_ images: [Dataset: SweepFacts.PinnedImages], to folder: URL) throws {
    let notes = images.compactMap { dataset, images in
      images.share.map { (dataset.rawValue, Note(sha256: "\(images.digest)", share: $0)) }
    }
    guard !notes.isEmpty else { return }
    let text = CanonicalJSON.text(Dictionary(uniqueKeysWithValues: notes))
    try DurableFile.write(Data("\(text)\n".utf8), to: folder.appending(path: name))
  }

  /// What part of each data set was trained on, by the file in a sweep's folder.
  static func shares(in folder: URL) -> [Dataset: String] {
    guard let file = try? FileHandle(forReadingFrom: folder.appending(path: name)),
      let data = try? file.read(upToCount: byteLimit),
      let notes = try? CanonicalJSON.decode([String: Note].self, from: data)
    else { return [:] }
    return Dictionary(
      uniqueKeysWithValues: notes.compactMap { name, note in
        Dataset(rawValue: name).map { ($0, note.share) }
      })
  }
}
