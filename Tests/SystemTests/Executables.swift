import Foundation

/// The executables under test, built beside the test bundle.
enum Executables {
  static let coordinator = folder.appending(path: "coordinator")
  static let worker = folder.appending(path: "worker")
  static let dashboard = folder.appending(path: "dashboard")
  static let faultCampaigns = folder.appending(path: "fault-campaigns")
  static let benchmarks = folder.appending(path: "benchmarks")

  /// A script of the folder `Tests/Cluster`.
  static func rig(_ name: String) -> URL {
    URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../Cluster/\(name)")
  }

  /// A command of the folder `cluster`.
  static func cluster(_ name: String) -> URL {
    URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../cluster/\(name)")
      .standardizedFileURL
  }

  /// The folder of the build's products, which contains the test bundle.
  static let folder = URL(filePath: CommandLine.arguments[0])
    .resolvingSymlinksInPath().deletingLastPathComponent()
}
