import Foundation
import Trials

/// Finds a data set's files in the user's source.
struct FileFinder {
  let dataset: Dataset
  /// A folder, or one file.
  let source: URL
  /// Folders of the publisher's archive, in the source or in its subfolder named after the data
  /// set.
  var subfolders: [String] = []

  /// Whether the source is a file, not a folder.
  var isFile: Bool { Self.isFile(source) }

  /// The folders that are searched, in this order.
  var folders: [URL] {
    [source, source.appending(path: dataset.name)].flatMap { folder in
      [folder] + subfolders.map { folder.appending(path: $0) }
    }
  }

  /// The first of `names` that is in one of the folders, or in a folder of the same name in it, as
  /// in Kaggle's archives; nil if there is none.
  func first(_ names: [String]) -> URL? {
    for folder in folders {
      for name in names {
        let url = folder.appending(path: name)
        for file in [url, url.appending(path: name)] where Self.isFile(file) { return file }
      }
    }
    return nil
  }

  /// The first of `names` that is in one of the folders.
  ///
  /// - Parameter content: The file's content, for the error.
  func find(_ content: String, _ names: [String]) throws(DatasetError) -> URL {
    if let url = first(names) { return url }
    let unfinished = names.flatMap { name in FileHead.unfinishedEndings.map { name + $0 } }
    if let url = first(unfinished) {
      throw .refused(
        place: url.path, found: "a download that has not finished", expected: content,
        remedy: "let it finish, or download the file again")
    }
    throw .missingFile(
      dataset: dataset, content: content, folders: folders.map(\.path), names: names)
  }

  /// The source if it is a file, else the first of `names` in its folders.
  func findOrTake(_ content: String, _ names: [String]) throws(DatasetError) -> URL {
    isFile ? source : try find(content, names)
  }

  /// Whether the URL is a file, not a folder.
  static func isFile(_ url: URL) -> Bool {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder)
      && !isFolder.boolValue
  }
}
