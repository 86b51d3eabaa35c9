/// The product that computed a result.
package enum Product {
  /// The version of this source tree, as provenance and `--version` show it.
  package static let version = "0.1.0"
}
