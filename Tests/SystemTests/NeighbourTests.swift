import Digests
import Foundation
import Glibc
import Messaging
import Testing
import Trials
import Wire

/// Interference of other programs on the same machine and network with a running sweep.
@Suite("Other programs and users on the same machine", .serialized)
struct NeighbourTests {
  private let bench: Bench

  init() throws { bench = try Bench() }

  private func start(_ sweep: String, workers: Int = 1) throws -> Command {
    let run = try Command(
      Executables.coordinator,
      ["run", sweep, "--out", bench.path("out"), "--local-workers", "\(workers)"], on: bench)
    try wait(for: "a trial") { run.standardError.contains(" started on ") || !run.isRunning }
    try #require(run.isRunning, "\(run.standardError)")
    return run
  }

  private func permissions(_ name: String) throws -> Int {
    let attributes = try FileManager.default.attributesOfItem(atPath: bench.path(name))
    return try #require(attributes[.posixPermissions] as? Int)
  }

  /// Locks the byte of the write-ahead log's locks on which every writer waits; -1 on failure.
  ///
  /// - Parameter kind: A read lock is enough to block writers.
  private func hold(_ kind: Int32) throws -> Int32 {
    let file = open(bench.path("out/sweep.sqlite-shm"), O_RDWR)
    try #require(file >= 0)
    var lock = flock()
    lock.l_type = Int16(kind)
    lock.l_whence = Int16(SEEK_SET)
    (lock.l_start, lock.l_len) = (120, 1)
    try wait(for: "the lock") { fcntl(file, F_SETLK, &lock) == 0 }
    return file
  }

  @Test("only its owner can read a record; an existing folder keeps its permissions")
  func permissions() throws {
    let sweep = try bench.file("tiny.yaml", Bench.sweep())
    try bench.complete(sweep, in: "out")
    #expect(try permissions("out") == 0o700)
    for name in ["sweep.sqlite", "results.log", "sweep.lock"] {
      #expect(try permissions("out/\(name)") == 0o600, "\(name)")
    }
    #expect(try permissions("out/blobs") == 0o700)
    // Reports may be shared.
    #expect(try permissions("out/trials.csv") & 0o400 != 0)
    // The permissions of an earlier release.
    for name in ["", "/sweep.sqlite", "/results.log", "/sweep.lock"] {
      chmod(bench.path("out\(name)"), name.isEmpty ? 0o755 : 0o644)
    }
    try bench.complete(sweep, in: "out")
    #expect(try permissions("out") == 0o755)
    for name in ["sweep.sqlite", "results.log", "sweep.lock"] {
      #expect(try permissions("out/\(name)") == 0o600, "\(name)")
    }
  }

  @Test(
    "a locked record is waited for, people are told, and nothing is lost", arguments: [false, true])
  func locked(isWriter: Bool) throws {
    let sweep = try bench.file("tiny.yaml", Bench.sweep(steps: 1000))
    let calm = try bench.complete(sweep, in: "calm")
    let run = try start(sweep)
    let lock = try hold(isWriter ? F_WRLCK : F_RDLCK)
    try wait(for: "word of the lock") {
      run.standardError.contains("another program holds the database") || !run.isRunning
    }
    let status = try bench.run(Executables.coordinator, "status", bench.path("out"))
    #expect(status.out.contains("HELD UP"), "\(status.out)\(status.err)")
    #expect(status.out.contains("another program holds the database"), "\(status.out)")
    Thread.sleep(forTimeInterval: 6)
    #expect(run.isRunning, "\(run.standardError)")
    close(lock)
    #expect(try run.exitCode() == 0, "\(run.standardError)")
    #expect(run.standardError.contains("the database is free again"), "\(run.standardError)")
    #expect(try bench.read("out/trials.csv") == calm)
  }

  @Test("a person can stop a sweep whose record is locked", arguments: [SIGINT, SIGTERM])
  func stoppedWhileLocked(signal: Int32) throws {
    let run = try start(try bench.file("tiny.yaml", Bench.sweep(steps: 3000)))
    let lock = try hold(F_WRLCK)
    defer { close(lock) }
    try wait(for: "word of the lock", of: [run]) {
      run.standardError.contains("another program holds the database")
    }
    run.send(signal)
    #expect(try run.exitCode() == 130, "\(run.standardError)")
    #expect(run.standardError.contains("stopped although the last records could not be stored"))
    #expect(!run.standardError.contains("Error: "), "\(run.standardError)")
  }

  @Test(
    "a moved, deleted or replaced record ends the run within seconds, and no new one is created",
    arguments: [
      "out", "out/sweep.sqlite", "out/sweep.sqlite-wal", "out/results.log", "out/sweep.lock",
    ])
  func displaced(name: String) throws {
    let run = try start(try bench.file("long.yaml", Bench.sweep(steps: 100_000)))
    try FileManager.default.moveItem(atPath: bench.path(name), toPath: bench.path("moved"))
    let begin = ContinuousClock.now
    #expect(try run.exitCode() == 1)
    #expect(ContinuousClock.now - begin < .seconds(30))
    #expect(
      run.standardError.contains("was moved, deleted or replaced while the sweep ran"),
      "\(run.standardError)")
    #expect(!bench.exists(name))
  }

  @Test("a removed blob folder is recreated with a message, and the sweep continues")
  func blobsRemoved() throws {
    let sweep = try bench.file("tiny.yaml", Bench.sweep(steps: 2000))
    let calm = try bench.complete(sweep, in: "calm")
    let run = try start(sweep)
    try FileManager.default.removeItem(atPath: bench.path("out/blobs"))
    try wait(for: "word of it") {
      run.standardError.contains("was removed or moved and has been recreated") || !run.isRunning
    }
    #expect(run.isRunning, "\(run.standardError)")
    let status = try bench.run(Executables.coordinator, "status", bench.path("out"))
    #expect(status.out.contains("LOST: "), "\(status.out)\(status.err)")
    #expect(try run.exitCode() == 0, "\(run.standardError)")
    #expect(try bench.read("out/trials.csv") == calm)
    #expect(bench.files(below: "out/models").count == 4)
  }

  @Test("a removed worker cache is recreated, and its trials continue, uncharged")
  func cacheRemoved() throws {
    let sweep = try bench.file("tiny.yaml", Bench.sweep(steps: 2000))
    let calm = try bench.complete(sweep, in: "calm")
    let run = try start(sweep)
    // One rename. Deleting file by file fails if the worker adds a file in between.
    try FileManager.default.moveItem(atPath: bench.path("cache"), toPath: bench.path("removed"))
    #expect(try run.exitCode() == 0, "\(run.standardError)")
    #expect(run.standardError.contains("has been recreated"), "\(run.standardError)")
    // One running attempt may end with the cache, and one that is starting.
    let count = run.standardError.components(separatedBy: "ended without a result").count - 1
    #expect(count <= 3, "\(run.standardError)")
    #expect(try bench.read("out/trials.csv") == calm)
  }

  @Test("blobs are accepted only from holders of trials, and no more than these can need")
  func blobs() throws {
    let endpoint = try Bench.freeEndpoint()
    let sweep = try bench.file("tiny.yaml", Bench.sweep())
    let run = try Command(
      Executables.coordinator, ["run", sweep, "--out", bench.path("out"), "--listen", endpoint],
      on: bench)
    _ = try run.endpoint()
    let context = try Context()
    let control = try Endpoint(endpoint)
    let port = try #require(control.port)
    let data = try DealerSocket(context, options: .data)
    try data.connect(to: try #require(control.with(port: port + 1)).description)
    let blob = Array("a stranger's".utf8)
    let request = DataRequest.store(Digest.of(blob), offset: 0, total: blob.count, payload: blob)
    let stranger = try answer(to: request, on: data)
    guard case .rejected(_, let reason) = stranger else {
      Issue.record("\(stranger)")
      return
    }
    #expect(reason.contains("holds no trial of the sweep"), "\(reason)")
    #expect(bench.files(below: "out/blobs/incoming").isEmpty)

    let worker = try DealerSocket(context)
    try worker.connect(to: endpoint)
    let announcement = WorkerMessage.announcement(
      .init(
        productVersion: "1", worker: "w", host: "h", processor: "p", instructionSet: "avx2",
        coreCount: 1, memoryByteCount: 1, slotCount: 1, claims: []))
    try wait(for: "a connection") { try worker.send(try announcement.frames()) == .sent }
    try wait(for: "a trial") {
      guard let frames = try worker.receive(),
        case .assignment = try CoordinatorMessage(frames: frames)
      else { return false }
      return true
    }
    #expect(try answer(to: request, on: data) == .stored(Digest.of(blob)))
    let huge = try answer(to: .offer(Digest.of("huge"), byteCount: 10_000_000_000), on: data)
    guard case .rejected = huge else {
      Issue.record("\(huge)")
      return
    }
    run.send(SIGINT)
    #expect(try run.exitCode() == 130)
  }

  @Test("a coordinator whose record is locked still sends heartbeats, so that workers keep waiting")
  func heardWhileLocked() throws {
    let endpoint = try Bench.freeEndpoint()
    let sweep = try bench.file("tiny.yaml", Bench.sweep())
    let run = try Command(
      Executables.coordinator, ["run", sweep, "--out", bench.path("out"), "--listen", endpoint],
      on: bench)
    _ = try run.endpoint()
    let context = try Context()
    let worker = try DealerSocket(context)
    try worker.connect(to: endpoint)
    let announcement = WorkerMessage.announcement(
      .init(
        productVersion: "1", worker: "w", host: "h", processor: "p", instructionSet: "avx2",
        coreCount: 1, memoryByteCount: 1, slotCount: 1, claims: []))
    try wait(for: "a connection") { try worker.send(try announcement.frames()) == .sent }
    var attempt: AttemptKey?
    try wait(for: "a trial") {
      guard let frames = try worker.receive(),
        case .assignment(let assignment) = try CoordinatorMessage(frames: frames)
      else { return false }
      attempt = assignment.attempt
      return true
    }
    let lock = try hold(F_RDLCK)
    let failed = WorkerMessage.attemptFailed(
      .init(attempt: try #require(attempt), cause: "stopped", message: "to be written down"))
    #expect(try worker.send(try failed.frames()) == .sent)
    try wait(for: "word of the lock") {
      run.standardError.contains("another program holds the database") || !run.isRunning
    }
    while try worker.receive() != nil {}
    var heartbeats = 0
    try wait(for: "three heartbeats") {
      if let frames = try worker.receive(), try CoordinatorMessage(frames: frames) == .heartbeat {
        heartbeats += 1
      }
      return heartbeats == 3
    }
    #expect(!run.standardError.contains("the database is free again"))
    close(lock)
    try wait(for: "the record") { run.standardError.contains("the database is free again") }
    run.send(SIGINT)
    #expect(try run.exitCode() == 130)
  }

  private func answer(
    to request: DataRequest, on socket: borrowing DealerSocket
  ) throws -> DataReply {
    while try socket.send(try request.frames()) != .sent { Thread.sleep(forTimeInterval: 0.01) }
    let deadline = ContinuousClock.now + .seconds(60)
    while ContinuousClock.now < deadline {
      if let frames = try socket.receive() { return try DataReply(frames: frames) }
      Thread.sleep(forTimeInterval: 0.01)
    }
    throw CocoaError(.fileReadUnknown)
  }
}
