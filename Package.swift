// swift-tools-version: 6.2
import PackageDescription

/// Of every Swift target.
let settings: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .treatAllWarnings(as: .error),
]

/// A module that others import; those of `Sources` are listed lowest layer first.
func module(
  _ name: String, _ dependencies: [Target.Dependency] = [], path: String? = nil,
  exclude: [String] = [], resources: [Resource]? = nil
) -> Target {
  .target(
    name: name, dependencies: dependencies, path: path, exclude: exclude, resources: resources,
    swiftSettings: settings)
}

/// A program.
func program(
  _ name: String, _ dependencies: [Target.Dependency], path: String? = nil,
  resources: [Resource]? = nil
) -> Target {
  .executableTarget(
    name: name, dependencies: dependencies, path: path, resources: resources,
    swiftSettings: settings)
}

/// Tests.
func tests(
  _ name: String, _ dependencies: [Target.Dependency], resources: [Resource]? = nil
) -> Target {
  .testTarget(
    name: name, dependencies: dependencies, resources: resources, swiftSettings: settings)
}

let argumentParser = Target.Dependency.product(
  name: "ArgumentParser", package: "swift-argument-parser")
let database = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let sqlite = Target.Dependency.product(name: "GRDBSQLite", package: "GRDB.swift")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let hummingbirdCore = Target.Dependency.product(name: "HummingbirdCore", package: "hummingbird")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let nio = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let signals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
let sockets = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let lifecycle = Target.Dependency.product(
  name: "ServiceLifecycle", package: "swift-service-lifecycle")
let protobuf = Target.Dependency.product(name: "SwiftProtobuf", package: "swift-protobuf")
let yaml = Target.Dependency.product(name: "Yams", package: "Yams")

let package = Package(
  name: "BottleneckSweep",
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
    .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
    .package(url: "https://github.com/apple/swift-protobuf", exact: "1.39.0"),
    .package(url: "https://github.com/groue/GRDB.swift", exact: "7.10.0"),
    .package(
      url: "https://github.com/hummingbird-project/hummingbird", exact: "2.28.1",
      traits: ["FullFoundation"]),
    .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
    .package(url: "https://github.com/apple/swift-http-types", exact: "1.8.0"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", exact: "2.13.0"),
    .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
  ],
  targets: [
    .systemLibrary(name: "CArchive"),
    .systemLibrary(name: "CCurl"),
    .systemLibrary(name: "CHDF5"),
    .systemLibrary(name: "CLinux"),
    .systemLibrary(name: "CPNG"),
    .systemLibrary(name: "CSodium"),
    .systemLibrary(name: "CZeroMQ"),
    .systemLibrary(name: "CZlib"),
    .target(
      name: "CPictures", cSettings: [.unsafeFlags(["-O2"])],
      linkerSettings: [.linkedLibrary("png"), .linkedLibrary("jpeg")]),
    .target(name: "CKernels", exclude: ["README.md"], cSettings: [.unsafeFlags(["-O3"])]),
    .target(name: "CSHA256", cSettings: [.unsafeFlags(["-O3"])]),

    module("Files", ["CLinux"]),
    module("Randomness"),
    module("Digests", ["CSHA256", "CSodium", "Files"]),
    module("TensorFiles", ["Digests", "Files"]),
    module("Trials", ["Digests", "Files"], exclude: ["README.md"]),
    module("Console", ["Files", "Trials", argumentParser, logging]),
    module("Images", ["Digests", "Files", "Trials"]),
    module(
      "Datasets",
      [
        "CArchive", "CHDF5", "CPictures", "CZlib", "Digests", "Files", "Images", "Randomness",
        "Trials",
      ]),
    module("Downloads", ["CCurl", "Digests", "Files"]),
    module("Sweeps", ["Files", "Trials", yaml], exclude: ["README.md"]),

    module("Primitives", ["CKernels"]),
    module("Autoencoder", ["Primitives", "Trials"]),
    module(
      "Narrowing",
      ["Autoencoder", "Digests", "Files", "Images", "Primitives", "TensorFiles", "Trials"],
      exclude: ["README.md"]),

    module(
      "Wire", ["Digests", "Trials", protobuf],
      exclude: ["EXAMPLES.md", "PROTOCOL.md", "access.proto", "bottlenecksweep.proto"]),
    module("Messaging", ["CZeroMQ"]),
    module("Transfers", ["Digests", "Files", "Messaging", "Wire"]),
    module("Enrolment", ["Files", "Messaging"]),
    module("Doctor", ["CSodium", "Enrolment", "Files", "Messaging", "Trials"]),

    module("Coordination", ["Digests", "Trials"], exclude: ["README.md", "RECORD.md"]),
    module("Rehearsal", ["Coordination", "Digests", "Randomness", "Trials"]),
    module(
      "Store", ["Coordination", "Digests", "Files", "Trials", "Wire", database, sqlite],
      exclude: ["README.md"]),
    module("Supervision", ["Digests", "Trials"], exclude: ["README.md"]),
    module(
      "Reports", ["CPNG", "Digests", "Files", "TensorFiles", "Trials"], exclude: ["README.md"]),

    module(
      "CoordinatorService",
      [
        "Console",
        "Coordination",
        "Datasets",
        "Digests",
        "Doctor",
        "Downloads",
        "Enrolment",
        "Files",
        "Images",
        "Messaging",
        "Randomness",
        "Rehearsal",
        "Reports",
        "Store",
        "Sweeps",
        "TensorFiles",
        "Transfers",
        "Trials",
        "Wire",
        logging,
      ], exclude: ["README.md", "Text/JSON.md"]),
    module(
      "WorkerService",
      [
        "Console",
        "Digests",
        "Doctor",
        "Enrolment",
        "Files",
        "Images",
        "Messaging",
        "Narrowing",
        "Primitives",
        "Supervision",
        "Transfers",
        "Trials",
        "Wire",
        logging,
      ], exclude: ["README.md"]),
    module(
      "DashboardService",
      [
        "Console", "Coordination", "CoordinatorService", "Digests", "Files", "Reports", "Store",
        "Transfers", "Trials", httpTypes, hummingbird, hummingbirdCore,
        lifecycle, logging, nio, signals, sockets,
      ],
      resources: [
        .embedInCode("Pages/page.css"), .embedInCode("Pages/page.html"),
        .embedInCode("Pages/page.js"), .embedInCode("Pages/parts.js"),
        .embedInCode("Pages/login.html"),
      ]),

    program("dashboard", ["Console", "DashboardService", "Files", "Trials", argumentParser]),
    program(
      "coordinator",
      ["Console", "CoordinatorService", "Doctor", "Files", "Images", "Trials", argumentParser]),
    program(
      "worker", ["Console", "Doctor", "Narrowing", "Trials", "WorkerService", argumentParser]),
    module("Benches", ["Messaging"]),
    program(
      "benchmarks",
      [
        "Autoencoder",
        "Benches",
        "Digests",
        "Enrolment",
        "Images",
        "Messaging",
        "Narrowing",
        "Primitives",
        "Transfers",
        "Trials",
        "Wire",
        argumentParser,
      ],
      resources: [.copy("peers")]),

    .target(
      name: "FaultyDisk", path: "Tests/FaultyDisk", linkerSettings: [.linkedLibrary("sqlite3")]),
    module("TestSupport", ["CPNG", "Digests", "Randomness", "Trials"], path: "Tests/TestSupport"),
    module(
      "SimulatedCluster",
      ["Coordination", "Digests", "Randomness", "Rehearsal", "Supervision", "Trials"],
      path: "Tests/SimulatedCluster"),
    program("ClusterRun", ["Coordination", "SimulatedCluster"], path: "Tests/ClusterRun"),
    program(
      "fault-campaigns",
      [
        "Benches", "Digests", "Enrolment", "Messaging", "Randomness", "Transfers", "Trials", "Wire",
        argumentParser,
      ], path: "Tests/FaultCampaigns"),
    program(
      "fuzzer",
      [
        "Console", "CoordinatorService", "Digests", "Reports", "TensorFiles", "Trials", "Wire",
      ],
      path: "Tests/Fuzzer"),

    tests("ConsoleTests", ["Console", "TestSupport", argumentParser]),
    tests("FilesTests", ["Files", "TestSupport"]),
    tests("DigestsTests", ["CSodium", "Digests", "TestSupport"]),
    tests("TensorFilesTests", ["TensorFiles", "TestSupport"]),
    tests("TrialsTests", ["Digests", "Trials"]),
    tests("ImagesTests", ["Digests", "Files", "Images", "TestSupport", "Trials"]),
    tests(
      "DatasetsTests", ["CArchive", "Datasets", "Digests", "Images", "TestSupport", "Trials"],
      resources: [.copy("Fixtures")]),
    tests("DownloadsTests", ["Digests", "Downloads", "TestSupport"]),
    tests("SweepsTests", ["Sweeps", "TestSupport", "Trials"]),
    tests("PrimitivesTests", ["Primitives", "TestSupport"]),
    tests("AutoencoderTests", ["Autoencoder", "Primitives", "TestSupport", "Trials"]),
    tests(
      "NarrowingTests",
      [
        "Autoencoder",
        "Digests",
        "Files",
        "Images",
        "Narrowing",
        "Primitives",
        "TensorFiles",
        "TestSupport",
        "Trials",
      ],
      resources: [.copy("Golden")]),
    tests("WireTests", ["Digests", "Randomness", "Trials", "Wire"]),
    tests("MessagingTests", ["CZeroMQ", "Messaging"]),
    tests(
      "TransfersTests", ["Digests", "Files", "Messaging", "TestSupport", "Transfers", "Wire"]),
    tests("DoctorTests", ["Doctor"]),
    tests("EnrolmentTests", ["Enrolment", "Messaging", "TestSupport"]),
    tests(
      "CoordinationTests", ["Coordination", "Digests", "Randomness", "SimulatedCluster", "Trials"]),
    tests(
      "SupervisionTests",
      [
        "Coordination",
        "Digests",
        "Randomness",
        "SimulatedCluster",
        "Supervision",
        "TestSupport",
        "Trials",
      ]),
    tests("RehearsalTests", ["Coordination", "Rehearsal", "Sweeps", "Trials"]),
    tests(
      "StoreTests",
      [
        "Coordination",
        "Digests",
        "FaultyDisk",
        "Randomness",
        "Store",
        "TestSupport",
        "Trials",
        "Wire",
        database,
      ],
      resources: [.copy("Former")]),
    tests(
      "ReportsTests",
      ["Autoencoder", "Digests", "Reports", "TensorFiles", "TestSupport", "Trials"]),
    tests(
      "CoordinatorServiceTests",
      [
        "Console",
        "Coordination",
        "CoordinatorService",
        "Digests",
        "Doctor",
        "Downloads",
        "Images",
        "Messaging",
        "Reports",
        "Store",
        "Sweeps",
        "TestSupport",
        "Transfers",
        "Trials",
        "Wire",
        logging,
      ]),
    tests(
      "DashboardServiceTests",
      [
        "Coordination", "CoordinatorService", "DashboardService", "Digests", "Store",
        "TestSupport", "Trials", "Wire", hummingbird, nio,
      ]),
    tests(
      "WorkerServiceTests",
      [
        "Digests",
        "Files",
        "Messaging",
        "Narrowing",
        "Supervision",
        "TestSupport",
        "Transfers",
        "Trials",
        "Wire",
        "WorkerService",
        logging,
      ]),
    tests(
      "SystemTests",
      [
        "Coordination", "Digests", "Messaging", "Store", "TensorFiles", "TestSupport", "Transfers",
        "Trials", "Wire", "benchmarks", "coordinator", "dashboard", "fault-campaigns", "worker",
      ]),
  ],
  swiftLanguageModes: [.v6]
)
