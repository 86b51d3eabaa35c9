import Files

/// The release and the build of this program.
package enum ProductVersion {
  /// Semantic version of the release.
  package static let release = "0.1.0"

  /// The release and, after a plus sign as in Semantic Versioning, the first digits of the running
  /// executable's build id; part of provenance and announcements.
  ///
  /// Each executable of a build has its own id, which is the same on every host that it is copied
  /// to.
  package static let current = release + (BuildID.ofThisProgram.map { "+\($0.prefix(12))" } ?? "")
}
