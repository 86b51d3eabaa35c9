import Glibc

/// The limit on the size of files that this process writes (`ulimit -f`).
package enum FileSizeLimit {
  /// Makes a write beyond the limit fail with `EFBIG` instead of ending the process by SIGXFSZ.
  ///
  /// Child processes inherit it. C function: `signal`.
  package static func reportErrors() { signal(SIGXFSZ, SIG_IGN) }

  /// What to do about a write that failed, if a limit is set; else nil.
  ///
  /// C function: `getrlimit`.
  package static var remedy: String? {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0,
      limit.rlim_cur < rlim_t(Int64.max)
    else { return nil }
    return "this process may write files of at most \(limit.rlim_cur) bytes: raise ulimit -f"
  }
}
