import Foundation

/// A file of an export: its name and content.
package struct ExportedFile: Hashable, Sendable {
  /// The name, without folders.
  package let name: String
  /// The content.
  package let data: Data
}
