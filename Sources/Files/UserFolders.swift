import Foundation
import Glibc

/// The product's folders in a user's home.
///
/// Source: the XDG Base Directory Specification. A variable without an absolute path counts as not
/// set.
package struct UserFolders: Sendable {
  /// The name of the product's folder in each.
  private static let program = "bottlenecksweep"
  private let environment: [String: String]

  /// The folders of an environment.
  package init(_ environment: [String: String] = ProcessInfo.processInfo.environment) {
    self.environment = environment
  }

  /// The user's home: `$HOME`, else that of the password file, else `/`.
  ///
  /// Foundation's home ignores `$HOME`, which containers, batch systems and tests set.
  package var home: URL {
    URL(filePath: absolute("HOME") ?? Self.homeInPasswordFile ?? "/", directoryHint: .isDirectory)
  }

  /// Image archives: `$XDG_DATA_HOME/bottlenecksweep`, or `~/.local/share/bottlenecksweep`.
  package var data: URL { folder("XDG_DATA_HOME", standard: ".local/share") }

  /// Cached data, and unsent results: `$XDG_CACHE_HOME/bottlenecksweep`, or
  /// `~/.cache/bottlenecksweep`.
  package var cache: URL { folder("XDG_CACHE_HOME", standard: ".cache") }

  /// Keys: `$XDG_CONFIG_HOME/bottlenecksweep`, or `~/.config/bottlenecksweep`.
  package var configuration: URL { folder("XDG_CONFIG_HOME", standard: ".config") }

  private func folder(_ variable: String, standard: String) -> URL {
    let parent =
      absolute(variable).map { URL(filePath: $0, directoryHint: .isDirectory) }
      ?? home.appending(path: standard, directoryHint: .isDirectory)
    return parent.appending(path: Self.program, directoryHint: .isDirectory)
  }

  private func absolute(_ variable: String) -> String? {
    environment[variable].flatMap { $0.hasPrefix("/") ? $0 : nil }
  }

  /// C function: `getpwuid_r`.
  private static var homeInPasswordFile: String? {
    var entry = passwd()
    var result: UnsafeMutablePointer<passwd>?
    // Longer than any entry that the system's tools create.
    var texts = [CChar](repeating: 0, count: 1 << 16)
    guard getpwuid_r(geteuid(), &entry, &texts, texts.count, &result) == 0, result != nil,
      let home = entry.pw_dir
    else { return nil }
    let path = String(cString: home)
    return path.hasPrefix("/") ? path : nil
  }
}
