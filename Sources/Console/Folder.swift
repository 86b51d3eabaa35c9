import ArgumentParser
import Foundation

/// A folder that a command is given.
package struct Folder: ExpressibleByArgument, Sendable {
  /// Where it is, or is to be.
  package let url: URL

  package init(argument: String) {
    url = URL(filePath: argument, directoryHint: .isDirectory)
  }

  package static var defaultCompletionKind: CompletionKind { .directory }
}
