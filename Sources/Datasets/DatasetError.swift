import Files
import Images
import Trials

/// Why a data set could not be prepared from the files that its publisher distributes.
///
/// `place` is a file's path, followed by the member for a file inside an archive; offsets count
/// decompressed bytes from the start of that file or member.
package enum DatasetError: Error, Equatable {
  /// None of the known file names is in any of the folders.
  case missingFile(dataset: Dataset, content: String, folders: [String], names: [String])
  /// The data set is read from files, but no source was given.
  case sourceNotGiven(dataset: Dataset)
  /// The folder for the archive cannot be created.
  case folderNotMade(path: String, reason: String)
  /// A system call failed.
  case system(FileError)
  /// Decompression failed after `offset` good bytes.
  case undecodable(place: String, offset: Int, reason: String)
  /// The content at `offset` violates the format.
  case malformed(place: String, offset: Int, field: String, found: String, expected: String)
  /// The file or the part at `place` has an unsupported format.
  case refused(place: String, found: String, expected: String, remedy: String)
  /// The archive could not be written or checked.
  case archive(ImageArchiveError)
}

extension DatasetError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .missingFile(let dataset, let content, let folders, let names):
      """
      no \(content) of \(dataset.name) in \(folders.joined(separator: " or ")); \
      expected one of \(names.joined(separator: ", "))
      """
    case .sourceNotGiven(let dataset):
      """
      \(dataset.name) is read from the files of its publisher; \
      name the file or its folder with --from PATH
      """
    case .folderNotMade(let path, let reason):
      "\(path): the folder cannot be made: \(reason)"
    case .system(let failure):
      failure.description
    case .undecodable(let place, let offset, let reason):
      "\(place): cannot be decompressed beyond byte \(offset): \(reason); \(Self.damaged)"
    case .malformed(let place, let offset, let field, let found, let expected):
      """
      \(place): \(field) at byte \(offset): found \(found), expected \(expected); \(Self.damaged)
      """
    case .refused(let place, let found, let expected, let remedy):
      "\(place): found \(found), expected \(expected); \(remedy)"
    case .archive(let error):
      error.description
    }
  }

  /// What to do about a wrong file.
  private static let damaged =
    "the file is damaged, incomplete or another one: get it again, or name the right one"
}

extension DatasetError: FileFailure {
  package init(_ failure: FileError) { self = .system(failure) }
}
