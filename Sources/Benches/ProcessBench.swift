import Foundation
import Glibc
import Messaging

/// Real coordinators and workers in a folder of their own.
///
/// Each process has a name; processes of one name share a log.
public struct ProcessBench: Sendable {
  /// The folder of its files.
  public let folder: URL
  private let programs: URL

  /// Makes the folder.
  public init(_ name: String) throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "\(name)-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    programs = URL(
      filePath: try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    ).deletingLastPathComponent()
  }

  /// The path of a file of this name.
  public func path(_ name: String) -> String { folder.appending(path: name).path }

  /// Writes a file and returns its path.
  public func write(_ text: String, to name: String) throws -> String {
    try Data(text.utf8).write(to: folder.appending(path: name))
    return path(name)
  }

  /// The text of a file.
  public func read(_ name: String) throws -> String {
    try String(contentsOf: folder.appending(path: name), encoding: .utf8)
  }

  /// Starts the `coordinator` or `worker` beside this executable.
  public func start(_ program: String, _ arguments: [String], as name: String) throws -> Process {
    let process = Process()
    process.executableURL = programs.appending(path: program)
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging([
      "XDG_CACHE_HOME": path("cache"), "XDG_CONFIG_HOME": path("config"),
      "BOTTLENECKSWEEP_KEYS": path("keys"),
    ]) { _, new in new }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    let log = path("\(name).log")
    let descriptor = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw BenchmarkError("cannot write \(log)") }
    process.standardError = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    try process.run()
    return process
  }

  /// Runs a program to its end.
  ///
  /// - Throws: ``BenchmarkError`` with the end of its log if its exit code is not 0.
  public func complete(_ program: String, _ arguments: [String], as name: String) throws {
    let process = try start(program, arguments, as: name)
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw BenchmarkError("\(name) failed: \(log(name).suffix(2000))")
    }
  }

  /// The log of the processes of a name so far.
  public func log(_ name: String) -> String { (try? read("\(name).log")) ?? "" }

  /// Waits until a log contains a text, and returns the rest of the text's line.
  ///
  /// - Parameter count: How many characters at the log's start are not searched.
  /// - Throws: ``BenchmarkError`` if the process ends first, or after so many seconds.
  @discardableResult
  public func await(
    _ mark: String, of process: Process, as name: String, after count: Int = 0,
    seconds: Double = 600
  ) throws -> String {
    let deadline = ContinuousClock.now + .seconds(seconds)
    while true {
      let text = log(name).dropFirst(count)
      if let range = text.range(of: mark), text[range.upperBound...].contains("\n") {
        return String(text[range.upperBound...].prefix { !$0.isNewline })
      }
      guard process.isRunning else { throw BenchmarkError("\(name) ended: \(text.suffix(2000))") }
      guard ContinuousClock.now < deadline else {
        throw BenchmarkError("\(name) did not log \"\(mark)\": \(text.suffix(2000))")
      }
      usleep(10_000)
    }
  }

  /// Waits until a coordinator logs the address for workers, and returns it.
  public func endpoint(of coordinator: Process, as name: String, after count: Int = 0) throws
    -> String
  {
    try self.await("workers connect to ", of: coordinator, as: name, after: count)
  }

  /// A free port of this host for a coordinator that will be restarted with it.
  ///
  /// The next port, for the data connection, is free too. Both are below the range from which the
  /// kernel assigns ports.
  public func freePort() throws -> String {
    let context = try Context()
    for _ in 0..<1000 {
      let port = Int.random(in: 20_000..<32_000)
      let control = try RouterSocket(context)
      let data = try RouterSocket(context)
      if (try? control.bind(to: "tcp://127.0.0.1:\(port)")) != nil,
        (try? data.bind(to: "tcp://127.0.0.1:\(port + 1)")) != nil
      {
        return "\(port)"
      }
    }
    throw BenchmarkError("found no two free ports from 20000 to 32000")
  }

  /// The processes of this bench that still run.
  private var leftovers: [Int32] {
    ((try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []).compactMap { name in
      guard let process = Int32(name), process != getpid(),
        let line = try? String(contentsOfFile: "/proc/\(name)/cmdline", encoding: .utf8),
        line.contains(folder.lastPathComponent)
      else { return nil }
      return process
    }
  }

  /// Waits until no process of this bench runs, at most for so many seconds.
  public func awaitEnds(seconds: Double) {
    let deadline = ContinuousClock.now + .seconds(seconds)
    while !leftovers.isEmpty, ContinuousClock.now < deadline { usleep(50_000) }
  }

  /// Kills the processes of this bench that still run, and counts them.
  @discardableResult
  public func endLeftovers() -> Int {
    let leftovers = leftovers
    for process in leftovers { kill(process, SIGKILL) }
    return leftovers.count
  }

  /// Removes the folder with everything in it.
  public func remove() { try? FileManager.default.removeItem(at: folder) }
}

extension Process {
  /// Process ids of the children.
  public var children: [Int32] {
    let paths = try? FileManager.default.contentsOfDirectory(
      atPath: "/proc/\(processIdentifier)/task")
    return (paths ?? []).flatMap { thread in
      let file = "/proc/\(processIdentifier)/task/\(thread)/children"
      let text = (try? String(contentsOfFile: file, encoding: .utf8)) ?? ""
      return text.split(separator: " ").compactMap { Int32($0) }
    }
  }

  /// Kills the process with SIGKILL, and waits up to 60 s until its children, which notice, have
  /// ended too.
  ///
  /// - Returns: Whether it had children.
  @discardableResult
  public func crash() -> Bool {
    let children = children
    kill(processIdentifier, SIGKILL)
    waitUntilExit()
    let deadline = ContinuousClock.now + .seconds(60)
    while children.contains(where: { kill($0, 0) == 0 }), ContinuousClock.now < deadline {
      usleep(2000)
    }
    return !children.isEmpty
  }
}
