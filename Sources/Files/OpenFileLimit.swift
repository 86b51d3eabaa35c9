import Glibc

/// How many files and connections this process may have open.
package enum OpenFileLimit {
  /// Raises the limit as far as the system lets it, so that many connections that come to nothing
  /// leave some for the others, and for the record.
  ///
  /// C functions: `getrlimit`, `setrlimit`.
  ///
  /// - Throws: ``TooFewFiles`` when it stays below what is needed; libzmq and Foundation end the
  ///   process where they run out of files.
  package static func require(_ needed: Int) throws(TooFewFiles) {
    var limit = rlimit()
    let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    guard getrlimit(resource, &limit) == 0 else { return }
    if limit.rlim_cur < limit.rlim_max {
      limit.rlim_cur = limit.rlim_max
      setrlimit(resource, &limit)
    }
    guard limit.rlim_max >= rlim_t(needed) else {
      throw TooFewFiles(found: Int(limit.rlim_max), needed: needed)
    }
  }
}

/// The process may not open as many files as it needs.
package struct TooFewFiles: Error, Hashable, Sendable, CustomStringConvertible {
  /// How many it may open.
  package var found: Int
  /// How many it needs.
  package var needed: Int

  package var description: String {
    "open files: found a limit of \(found), expected \(needed) or more; "
      + "raise it with ulimit -n, or LimitNOFILE= of the unit"
  }
}
