/// The release and the build that this code is.
package enum ProductVersion {
  /// Semantic version of the release.
  package static let release = "0.1.0"

  /// The release and, after a plus sign as in Semantic Versioning, the first digits of the running
  /// executable's build id; it travels in provenance and announcements.
  ///
  /// Executables of one build differ in it, since each has its own id, but a worker's is the same on
  /// every host that it was copied to.
  package static let current = release + (BuildID.ofThisProgram.map { "+\($0.prefix(12))" } ?? "")
}
