/// The release that this code is.
package enum ProductVersion {
  /// Semantic version; it travels in provenance and announcements.
  package static let current = "0.1.0"
}
