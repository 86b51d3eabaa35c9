import Foundation

/// The executables under test, built beside the test bundle.
enum Executables {
  static let coordinator = folder.appending(path: "coordinator")
  static let worker = folder.appending(path: "worker")

  /// The folder of the build's products: that of the bundle which this code is in.
  private static let folder = URL(filePath: CommandLine.arguments[0])
    .resolvingSymlinksInPath().deletingLastPathComponent()
}
