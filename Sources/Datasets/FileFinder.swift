import Foundation
import Trials

/// Looks for a data set's files where the user said.
struct FileFinder {
  let dataset: Dataset
  /// A folder, or one file.
  let source: URL

  /// The first of `names` that is in the folder or in its subfolder named after the data set.
  ///
  /// - Parameter content: What the file holds, for the message when there is none.
  func find(_ content: String, _ names: [String]) throws(DatasetError) -> URL {
    let folders = [source, source.appendingPathComponent(dataset.rawValue)]
    for folder in folders {
      for name in names {
        let url = folder.appendingPathComponent(name)
        if FileManager.default.fileExists(atPath: url.path) { return url }
      }
    }
    throw .missingFile(
      dataset: dataset, content: content, folders: folders.map(\.path), names: names)
  }

  /// The file that `source` is, whatever its name, or else the first of `names` in its folders.
  func findOrTake(_ content: String, _ names: [String]) throws(DatasetError) -> URL {
    var isFolder: ObjCBool = false
    let exists = FileManager.default.fileExists(atPath: source.path, isDirectory: &isFolder)
    return exists && !isFolder.boolValue ? source : try find(content, names)
  }
}
