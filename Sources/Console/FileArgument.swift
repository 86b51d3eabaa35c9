import ArgumentParser
import Foundation

/// A file argument of a command.
package struct FileArgument: ExpressibleByArgument, Sendable {
  /// Its URL, existing or not.
  package let url: URL

  /// A file by its path; nil if the path is empty, which would mean the current folder.
  package init?(argument: String) {
    guard !argument.isEmpty else { return nil }
    url = URL(filePath: argument)
  }

  package static var defaultCompletionKind: CompletionKind { .file() }
}
