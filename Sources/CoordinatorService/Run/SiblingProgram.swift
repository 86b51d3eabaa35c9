import Foundation

/// The programs that lie beside this one.
enum SiblingProgram {
  /// Where a program of a name lies, whether there or not.
  static func url(_ name: String) -> URL {
    // The first argument is no path where a shell found the program by its name.
    let own = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    return URL(filePath: own ?? CommandLine.arguments[0]).resolvingSymlinksInPath()
      .deletingLastPathComponent().appending(path: name)
  }
}
