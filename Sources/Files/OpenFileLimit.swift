import Glibc

/// The limit on open files and connections of this process.
package enum OpenFileLimit {
  /// What every command needs: standard streams, a record with its log, a few sockets.
  package static let least = 64

  /// Raises the limit as far as the system allows, so that many useless connections leave enough
  /// for the others and for the record.
  ///
  /// C functions: `getrlimit`, `setrlimit`.
  ///
  /// - Throws: ``TooFewFiles`` if it stays below `needed`; libzmq and Foundation abort the process
  ///   if they run out of files.
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

/// The limit on open files is below the process's need.
package struct TooFewFiles: Error, Hashable, Sendable, CustomStringConvertible {
  /// The limit.
  package var found: Int
  /// The number needed.
  package var needed: Int

  package var description: String {
    "open files: found a limit of \(found), expected \(needed) or more; "
      + "raise it with ulimit -n, or LimitNOFILE= of the unit"
  }
}
