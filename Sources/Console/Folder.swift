import ArgumentParser
import Foundation

/// A folder argument of a command.
package struct Folder: ExpressibleByArgument, Sendable {
  /// Its URL, existing or not.
  package let url: URL

  /// A folder by its path; nil if the path is empty, which would mean the current folder.
  package init?(argument: String) {
    guard !argument.isEmpty else { return nil }
    url = URL(filePath: argument, directoryHint: .isDirectory)
  }

  package static var defaultCompletionKind: CompletionKind { .directory }
}
