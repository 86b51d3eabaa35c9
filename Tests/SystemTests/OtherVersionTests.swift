import Foundation
import Glibc
import Messaging
import Testing
import Trials
import Wire

/// Workers and coordinators that are not of one release.
@Suite("Other versions and builds", .serialized)
struct OtherVersionTests {
  private let bench: Bench

  init() throws { bench = try Bench() }

  private func coordinator(steps: Int = 30) throws -> (command: Command, endpoint: String) {
    let sweep = try bench.file("tiny.yaml", Bench.sweep(steps: steps))
    let command = try Command(
      Executables.coordinator,
      ["run", sweep, "--out", bench.path("out"), "--listen", "tcp://127.0.0.1:*"], on: bench)
    return (command, try command.endpoint())
  }

  private func worker(_ executable: URL = Executables.worker, _ endpoint: String) throws -> Command
  {
    try Command(
      executable, ["--connect", endpoint, "--slots", "1", "--exit-when-idle"], on: bench)
  }

  /// A coordinator's answer to a worker of the next major version.
  private static let reason =
    "protocol version \(ProtocolVersion.current.major + 1).0, expected "
    + "\(ProtocolVersion.current.major).x"
  private static let remedy =
    "run the worker of the same release as the coordinator, \(ProductVersion.release)"

  /// A message with the header of the next major version.
  private static func headed(_ frames: [[UInt8]]) -> [[UInt8]] {
    let next = ProtocolVersion.current.major + 1
    return [Array("BNSW".utf8) + [UInt8(next), 0, 0, 0]] + frames.dropFirst()
  }

  @Test("a worker of another major version is refused and told why, and another finishes the sweep")
  func otherMajor() throws {
    let (coordinator, endpoint) = try coordinator()
    let announcement = try WorkerMessage.announcement(
      .init(
        productVersion: "9.0.0", worker: "tomorrow", host: "tomorrow", processor: "none",
        instructionSet: "none", coreCount: 1, memoryByteCount: 1 << 30, slotCount: 1, sweepID: nil,
        claims: [])
    ).frames()
    let context = try Context()
    let socket = try DealerSocket(context)
    try socket.connect(to: endpoint)
    var heard: [CoordinatorMessage] = []
    try wait(for: "three answers") {
      _ = try socket.send(Self.headed(announcement))
      _ = try Poller.wait(for: [socket.pollItem()], timeout: .milliseconds(200))
      while let frames = try socket.receive() {
        heard.append(try CoordinatorMessage(frames: frames))
      }
      return heard.count >= 3
    }
    #expect(heard.allSatisfy { $0 == .refusal(reason: Self.reason, remedy: Self.remedy) })

    let worker = try worker(Executables.worker, endpoint)
    #expect(try coordinator.exitCode() == 0, "\(coordinator.standardError)")
    #expect(try worker.exitCode() == 0, "\(worker.standardError)")
    #expect(coordinator.standardError.contains(Self.reason))
    #expect(!coordinator.standardError.contains("tomorrow"))
    #expect(!(try bench.read("out/provenance.csv").contains("tomorrow")))
    #expect(!coordinator.standardOutput.contains("took part"))
  }

  @Test("a worker that a coordinator of another major version refuses says so and ends")
  func refused() throws {
    let context = try Context()
    let socket = try RouterSocket(context)
    let endpoint = try socket.bind(to: "tcp://127.0.0.1:*")
    let refusal = Self.headed(
      try CoordinatorMessage.refusal(
        reason: "protocol version 1.1, expected 2.x",
        remedy: "run the worker of the same release as the coordinator, 9.0.0"
      ).frames())
    let worker = try worker(Executables.worker, endpoint)
    try wait(for: "the worker's end") {
      while let message = try? socket.receive() {
        _ = try? socket.send(refusal, to: message.routingID)
      }
      return !worker.isRunning
    }
    #expect(try worker.exitCode() == 1)
    #expect(
      worker.standardError.contains(
        "refused by the coordinator: protocol version 1.1, expected 2.x; "
          + "run the worker of the same release as the coordinator, 9.0.0"),
      "\(worker.standardError)")
  }

  @Test("the examination of a host says that its coordinator is of another major version")
  func examined() throws {
    let context = try Context()
    let socket = try RouterSocket(context)
    let endpoint = try socket.bind(to: "tcp://127.0.0.1:*")
    let refusal = Self.headed(
      try CoordinatorMessage.refusal(
        reason: "protocol version 1.2, expected 2.x", remedy: "run the worker of release 9.0.0"
      ).frames())
    let doctor = try Command(
      Executables.worker, ["doctor", endpoint, "--cache", bench.path("cache")],
      on: bench)
    try wait(for: "the examination's end") {
      while let message = try? socket.receive() {
        _ = try? socket.send(refusal, to: message.routingID)
      }
      return !doctor.isRunning
    }
    #expect(try doctor.exitCode() == 1)
    let told = doctor.standardOutput
    #expect(told.contains("refuses this host: protocol version 1.2, expected 2.x"), "\(told)")
    #expect(told.contains("run the worker of release 9.0.0"), "\(told)")
  }

  @Test("a worker of another build is served, and provenance, status and report tell of it")
  func otherBuild() throws {
    let (coordinator, endpoint) = try coordinator(steps: 2000)
    let (executable, version) = try otherWorker()
    let other = try worker(executable, endpoint)
    // Its trial is stopped until the other worker has a trial too.
    let standing = try other.holdChildren()
    let own = try worker(Executables.worker, endpoint)
    try wait(for: "a trial on this build") { !own.children.isEmpty }
    for child in standing { kill(child, SIGCONT) }
    #expect(try coordinator.exitCode() == 0, "\(coordinator.standardError)")
    #expect(try other.exitCode() == 0 && own.exitCode() == 0)

    let provenance = try bench.read("out/provenance.csv")
    let ownVersion = try self.version(of: Executables.worker)
    #expect(ownVersion != version)
    for build in [version, ownVersion] {
      #expect(provenance.contains("bottlenecksweep \(build);"), "\(provenance)")
    }
    let line = "2 builds of the worker took part, which may differ in last digits: "
    let status = try bench.run(Executables.coordinator, "status", bench.path("out")).out
    let report = try bench.run(Executables.coordinator, "report", bench.path("out")).out
    for text in [coordinator.standardOutput, status, report] {
      let told = text.split(separator: "\n").first { $0.hasPrefix(line) }
      #expect(told?.contains(version) == true && told?.contains(ownVersion) == true, "\(text)")
    }
  }

  /// A copy of the worker with another build id, which looks like another build.
  private func otherWorker() throws -> (executable: URL, version: String) {
    let version = try version(of: Executables.worker)
    let digits = try #require(version.split(separator: "+").last).utf8
    try #require(digits.count == 12)
    let id = stride(from: 0, to: 12, by: 2).map { index in
      UInt8(String(version.suffix(12).dropFirst(index).prefix(2)), radix: 16) ?? 0
    }
    var program = try Data(contentsOf: Executables.worker)
    let place = try #require(program.firstRange(of: Data("GNU\0".utf8) + Data(id)))
    program[place.upperBound - 1] ^= 0xFF
    let copy = bench.folder.appending(path: "other-worker")
    try program.write(to: copy)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: copy.path)
    return (copy, try self.version(of: copy))
  }

  private func version(of worker: URL) throws -> String {
    let run = try bench.run(worker, "--version")
    try #require(run.code == 0, "\(run.err)")
    return run.out.trimmingCharacters(in: .whitespacesAndNewlines)
  }

  @Test(
    "a worker in another language is served in another minor version and refused in another major",
    .enabled(if: PythonWorker.interpreter != nil, PythonWorker.need))
  func otherLanguage() throws {
    let (coordinator, endpoint) = try coordinator()
    let refused = try PythonWorker.start("run", endpoint, "--protocol", "3.0", on: bench)
    #expect(try refused.exitCode() == 1)
    #expect(
      refused.standardError == "refused: \(Self.reason); \(Self.remedy)\n",
      "\(refused.standardError)")
    let served = try PythonWorker.start(
      "run", endpoint, "--protocol", "2.9", "--version", "2.9.0-dev", "--trials", "1", on: bench)
    #expect(try served.exitCode() == 0, "\(served.standardError)")
    #expect(served.standardOutput == "acknowledged 1\n")
    let worker = try worker(Executables.worker, endpoint)
    #expect(try coordinator.exitCode() == 0, "\(coordinator.standardError)")
    #expect(try worker.exitCode() == 0, "\(worker.standardError)")
    #expect(try bench.read("out/provenance.csv").contains("worker 2.9.0-dev"))
    #expect(
      coordinator.standardOutput.contains(
        "2 builds of the worker and 2 instruction sets took part"))
  }
}
