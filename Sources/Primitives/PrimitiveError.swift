/// An operation that could not be created or carried out.
package enum PrimitiveError: Error, Hashable, Sendable {
  /// oneDNN refused a call.
  ///
  /// - Parameters:
  ///   - operation: The C function and the operation that it served.
  ///   - status: oneDNN's `dnnl_status_t`.
  case library(operation: String, status: UInt32)
}

extension PrimitiveError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .library(let operation, let status):
      "oneDNN: \(operation) failed with \(Self.name(ofStatus: status)) (status \(status))"
    }
  }

  private static func name(ofStatus status: UInt32) -> String {
    let names = [
      "success", "out of memory", "invalid arguments", "unimplemented", "iterator ends",
      "runtime error", "not required",
    ]
    return status < names.count ? names[Int(status)] : "an unknown status"
  }
}
