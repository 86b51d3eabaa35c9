import COneDNN

/// The one funnel of calls into oneDNN.
package enum OneDNN {
  /// The library's version, such as "2.6.3".
  package static var version: String {
    guard let version = dnnl_version() else { return "unknown" }
    return "\(version.pointee.major).\(version.pointee.minor).\(version.pointee.patch)"
  }

  /// Makes the calling thread compute alone in every later call that it makes.
  ///
  /// OpenMP: `omp_set_num_threads`, whose effect is on the calling thread only; cheap enough to
  /// call before every pass.
  package static func useOneThread() {
    omp_set_num_threads(1)
  }

  /// Throws unless `status` is success; `operation` names the C function and its purpose.
  static func check(
    _ status: dnnl_status_t, _ operation: @autoclosure () -> String
  ) throws(PrimitiveError) {
    guard status == dnnl_success else {
      throw .library(operation: operation(), status: status.rawValue)
    }
  }
}
