import ArgumentParser
import Foundation

/// A folder that a command is given.
package struct Folder: ExpressibleByArgument, Sendable {
  /// Where it is, or is to be.
  package let url: URL

  /// A folder by its path; an empty one names none, not the current folder.
  package init?(argument: String) {
    guard !argument.isEmpty else { return nil }
    url = URL(filePath: argument, directoryHint: .isDirectory)
  }

  package static var defaultCompletionKind: CompletionKind { .directory }
}
