/// A file of a data set as its publisher offers it.
package struct PublishedFile: Hashable, Sendable {
  /// Its name, here as there.
  package var name: String
  /// Where it is, `http` or `https`, the first to be tried first.
  package var addresses: [String]
  /// Its size; nil where none is published.
  package var byteCount: Int?
  /// What its content is known by.
  package var checksum: Checksum

  /// Larger files of unknown size are refused.
  static let byteLimit = 2 << 30

  /// The most bytes that are taken in.
  var byteMaximum: Int { byteCount ?? Self.byteLimit }

  /// A file of these properties.
  package init(name: String, addresses: [String], byteCount: Int?, checksum: Checksum) {
    self.name = name
    self.addresses = addresses
    self.byteCount = byteCount
    self.checksum = checksum
  }

  /// The same file in the folder of a mirror.
  package func at(mirror: String) -> PublishedFile {
    var file = self
    file.addresses = [mirror + (mirror.hasSuffix("/") ? "" : "/") + name]
    return file
  }
}
