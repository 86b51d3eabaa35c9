import COneDNN

/// The library that tells what the processor can do; see ``InstructionSet/effective``.
package enum OneDNN {
  /// The library's version, such as "2.6.3".
  package static var version: String {
    guard let version = dnnl_version() else { return "unknown" }
    return "\(version.pointee.major).\(version.pointee.minor).\(version.pointee.patch)"
  }
}
