// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .treatAllWarnings(as: .error),
]

/// A Swift target; the order of the list below is the order of the layers, lowest first.
func module(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], resources: [Resource]? = nil)
  -> Target
{
  .testTarget(
    name: name, dependencies: dependencies, resources: resources, swiftSettings: settings)
}

let argumentParser = Target.Dependency.product(
  name: "ArgumentParser", package: "swift-argument-parser")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")

let package = Package(
  name: "BottleneckSweep",
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
    .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
    .package(url: "https://github.com/apple/swift-protobuf", exact: "1.39.0"),
    .package(url: "https://github.com/groue/GRDB.swift", exact: "7.10.0"),
    .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
  ],
  targets: [
    .systemLibrary(name: "CArchive"),
    .systemLibrary(name: "CPNG"),
    .systemLibrary(name: "CSodium"),
    .systemLibrary(name: "CZeroMQ"),
    .target(name: "CKernels", cSettings: [.unsafeFlags(["-O3"])]),

    module("Console", [logging]),
    module("Files", []),
    module("Randomness", []),
    module("Digests", ["CSodium"]),
    module("Trials", ["Digests"]),
    module("Images", ["Digests", "Trials"]),
    module("Datasets", ["CArchive", "Images", "Randomness", "Trials"]),
    module("Sweeps", ["Trials", .product(name: "Yams", package: "Yams")]),

    module("Primitives", ["CKernels"]),
    module("Autoencoder", ["Primitives", "Trials"]),
    module("Narrowing", ["Autoencoder", "Digests", "Images", "Primitives", "Trials"]),

    .target(
      name: "Wire",
      dependencies: ["Digests", .product(name: "SwiftProtobuf", package: "swift-protobuf")],
      exclude: ["PROTOCOL.md", "access.proto", "bottlenecksweep.proto"], swiftSettings: settings),
    module("Messaging", ["CZeroMQ"]),
    module("Transfers", ["Digests", "Messaging", "Wire"]),
    module("Enrolment", ["Files", "Messaging"]),
    module("Doctor", ["CSodium", "Enrolment", "Messaging"]),

    module("Coordination", ["Digests", "Trials"]),
    module("Rehearsal", ["Coordination", "Digests", "Randomness", "Trials"]),
    module(
      "Store",
      ["Coordination", "Digests", "Files", "Trials", .product(name: "GRDB", package: "GRDB.swift")]),
    module("Reports", ["CPNG", "Digests", "Trials"]),

    module(
      "CoordinatorService",
      [
        "Coordination", "Datasets", "Digests", "Doctor", "Enrolment", "Files", "Images",
        "Messaging",
        "Rehearsal", "Reports",
        "Store", "Sweeps", "Transfers", "Trials", "Wire", logging,
      ]),
    module(
      "WorkerService",
      [
        "Digests", "Doctor", "Enrolment", "Files", "Images", "Messaging", "Narrowing", "Primitives",
        "Transfers",
        "Trials", "Wire", logging,
      ]),
    .executableTarget(
      name: "coordinator",
      dependencies: ["Console", "CoordinatorService", "Doctor", "Trials", argumentParser],
      swiftSettings: settings),
    .executableTarget(
      name: "worker",
      dependencies: ["Console", "Doctor", "Narrowing", "Trials", "WorkerService", argumentParser],
      swiftSettings: settings),

    .executableTarget(
      name: "benchmarks",
      dependencies: [
        "Autoencoder", "Digests", "Enrolment", "Messaging", "Narrowing", "Primitives", "Randomness",
        "Transfers", "Trials", "Wire", argumentParser,
      ],
      resources: [.copy("peers")], swiftSettings: settings),

    .executableTarget(
      name: "fuzzer", dependencies: ["Digests", "Trials", "Wire"], path: "Tests/Fuzzer",
      swiftSettings: settings),

    tests("FilesTests", ["Files"]),
    tests("DigestsTests", ["Digests"]),
    tests("TrialsTests", ["Trials"]),
    tests("ImagesTests", ["Digests", "Images", "Trials"]),
    tests("DatasetsTests", ["CArchive", "Datasets", "Digests", "Images", "Trials"]),
    tests("SweepsTests", ["Sweeps"]),
    tests("PrimitivesTests", ["Primitives"]),
    tests("AutoencoderTests", ["Autoencoder", "Primitives"]),
    tests("NarrowingTests", ["Images", "Narrowing"], resources: [.copy("Golden")]),
    tests("WireTests", ["Randomness", "Wire"]),
    tests("MessagingTests", ["Messaging"]),
    tests("TransfersTests", ["Transfers"]),
    tests("EnrolmentTests", ["Enrolment", "Messaging"]),
    .target(
      name: "SimulatedCluster",
      dependencies: ["Coordination", "Digests", "Randomness", "Rehearsal", "Trials"],
      path: "Tests/SimulatedCluster", swiftSettings: settings),
    .executableTarget(
      name: "ClusterRun", dependencies: ["Coordination", "SimulatedCluster"],
      path: "Tests/ClusterRun",
      swiftSettings: settings),
    tests("CoordinationTests", ["Coordination", "Randomness", "SimulatedCluster"]),
    tests("RehearsalTests", ["Rehearsal", "Sweeps"]),
    .target(
      name: "FaultyDisk", path: "Tests/FaultyDisk", linkerSettings: [.linkedLibrary("sqlite3")]),
    tests("StoreTests", ["FaultyDisk", "Randomness", "Store"]),
    tests("ReportsTests", ["Reports"]),
    tests(
      "CoordinatorServiceTests",
      [
        "Coordination", "CoordinatorService", "Digests", "Messaging", "Transfers", "Trials", "Wire",
        logging,
      ]),
    tests(
      "WorkerServiceTests",
      [
        "Digests", "Files", "Messaging", "Narrowing", "Transfers", "Trials", "WorkerService",
        logging,
      ]),
    tests("SystemTests", ["Digests", "Trials", "benchmarks", "coordinator", "worker"]),
  ],
  swiftLanguageModes: [.v6]
)
