import Foundation

/// The programs in the folder of this one.
enum SiblingProgram {
  /// The path of a program, whether it exists or not.
  static func url(_ name: String) -> URL {
    // The first argument is not a path if a shell found the program in PATH.
    let own = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    return URL(filePath: own ?? CommandLine.arguments[0]).resolvingSymlinksInPath()
      .deletingLastPathComponent().appending(path: name)
  }
}
