import Glibc

/// How many files and connections this process may have open.
enum OpenFiles {
  /// Raises the limit as far as the system lets it, so that many connections that come to nothing
  /// leave some for the others, and for the record.
  static func raiseLimit() {
    var limit = rlimit()
    let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    guard getrlimit(resource, &limit) == 0, limit.rlim_cur < limit.rlim_max else { return }
    limit.rlim_cur = limit.rlim_max
    setrlimit(resource, &limit)
  }
}
