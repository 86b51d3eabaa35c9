/// A published file of a data set.
package struct PublishedFile: Hashable, Sendable {
  /// Its name.
  package var name: String
  /// Its `http` or `https` addresses, in the order in which they are tried.
  package var addresses: [String]
  /// Its size; nil if not published.
  package var byteCount: Int?
  /// Its published checksum.
  package var checksum: Checksum

  /// The largest file of unknown size accepted.
  static let byteLimit = 2 << 30

  /// The most bytes received.
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
