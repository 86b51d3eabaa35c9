import Foundation
import Glibc
import Testing

/// A disk that is full while a sweep runs: a small file system in its own mount namespace.
@Suite("A full disk", .serialized)
struct FullDiskTests {
  /// Whether this user may mount file systems of its own.
  static let mayMount = Namespace.allows(["-m"], "mount -t tmpfs none /mnt")

  @Test(
    "the sweep reports it, waits, and continues when there is space, with the same results",
    .enabled(if: mayMount, "needs the right to mount a file system"))
  func waitsForSpace() throws {
    let bench = try Bench()
    let sweep = try bench.file("tiny.yaml", Bench.sweep(steps: 2000))
    let calm = try bench.complete(sweep, in: "calm")

    let out = bench.path("out")
    try FileManager.default.createDirectory(atPath: out, withIntermediateDirectories: true)
    // The namespace's files disappear with it, so the table is copied out first.
    let script = """
      mount -t tmpfs -o size=96m none '\(out)' || exit 99
      '\(Executables.coordinator.path)' run '\(sweep)' --out '\(out)' --local-workers 2
      code=$?
      cp '\(out)/trials.csv' '\(bench.path("rough.csv"))'
      exit $code
      """
    let run = try Command(
      URL(filePath: "/usr/bin/env"), ["unshare", "-m", "sh", "-c", script], on: bench)
    try wait(for: "the sweep's start") {
      run.standardError.contains("workers connect to") || !run.isRunning
    }
    // The namespace's own view of the folder.
    let inside = "/proc/\(run.identifier)/root\(out)"
    let ballast = open("\(inside)/ballast", O_WRONLY | O_CREAT, 0o600)
    try #require(ballast >= 0, "\(run.standardError)")
    let zeros = [UInt8](repeating: 0, count: 1 << 16)
    for size in [zeros.count, 4096, 1] {
      while write(ballast, zeros, size) == size {}
    }
    try wait(for: "word of the full disk") {
      run.standardError.contains("the disk is full") || !run.isRunning
    }
    #expect(run.isRunning, "\(run.standardError)")
    let status = try bench.run(Executables.coordinator, "status", inside)
    #expect(status.out.contains("HELD UP"), "\(status.out)\(status.err)")
    close(ballast)
    unlink("\(inside)/ballast")
    #expect(try run.exitCode() == 0, "\(run.standardError)")
    #expect(run.standardError.contains("there is space on the disk again"))
    #expect(try bench.read("rough.csv") == calm)
  }

  @Test(
    "a full or read-only blob folder is reported; the sweep waits and then continues",
    .enabled(if: mayMount, "needs the right to mount a file system"),
    arguments: [("size=64k", "size=64m"), ("ro", "rw")])
  func blobs(bad: String, good: String) throws {
    let bench = try Bench()
    let sweep = try bench.file("tiny.yaml", Bench.sweep(steps: 4000))
    let blobs = bench.path("out/blobs")
    try FileManager.default.createDirectory(atPath: blobs, withIntermediateDirectories: true)
    // An interrupted start, so that the folder counts as a sweep's.
    _ = try bench.file("out/sweep.lock", "")
    let script = """
      mount -t tmpfs -o size=64m none '\(blobs)' || exit 99
      '\(Executables.coordinator.path)' run '\(sweep)' --out '\(bench.path("out"))' \
        --local-workers 1 &
      while [ ! -e '\(bench.path("go"))' ]; do sleep 0.1; done
      mount -o remount,\(bad) '\(blobs)' || exit 98
      while [ ! -e '\(bench.path("mend"))' ]; do sleep 0.1; done
      mount -o remount,\(good) '\(blobs)' || exit 97
      wait $!
      """
    let run = try Command(
      URL(filePath: "/usr/bin/env"), ["unshare", "-m", "sh", "-c", script], on: bench)
    try wait(for: "a trial") { run.standardError.contains(" started on ") || !run.isRunning }
    _ = try bench.file("go", "")
    try wait(for: "word of the trouble") {
      run.standardError.contains("no file of a result or checkpoint can be stored")
        || !run.isRunning
    }
    #expect(run.isRunning, "\(run.standardError)")
    let status = try bench.run(Executables.coordinator, "status", bench.path("out"))
    #expect(status.out.contains("HELD UP"), "\(status.out)\(status.err)")
    _ = try bench.file("mend", "")
    #expect(try run.exitCode() == 0, "\(run.standardError)")
    #expect(run.standardError.contains("files can be stored again"), "\(run.standardError)")
  }

  @Test(
    "a worker without space gets no trial until it has space, and people are told why",
    .enabled(if: mayMount, "needs the right to mount a file system"))
  func worker() throws {
    let bench = try Bench()
    let sweep = try bench.file("tiny.yaml", Bench.sweep(steps: 20))
    let (out, cache) = (bench.path("out"), bench.path("worker-cache"))
    try FileManager.default.createDirectory(atPath: cache, withIntermediateDirectories: true)
    let coordinator = try Command(
      Executables.coordinator, ["run", sweep, "--out", out, "--listen", "tcp://127.0.0.1:*"],
      on: bench)
    let endpoint = try coordinator.endpoint()
    let script = """
      mount -t tmpfs -o size=160m none '\(cache)' || exit 99
      head -c 120M /dev/zero > '\(cache)/ballast'
      exec '\(Executables.worker.path)' --connect \(endpoint) --slots 1 --cache '\(cache)' \
        --exit-when-idle
      """
    let worker = try Command(
      URL(filePath: "/usr/bin/env"), ["unshare", "-m", "sh", "-c", script], on: bench)
    try wait(for: "word of the full disk") {
      coordinator.standardError.contains("takes no further trials: the disk of its cache")
        || !worker.isRunning
    }
    #expect(worker.isRunning, "\(worker.standardError)")
    let status = try bench.run(Executables.coordinator, "status", out)
    #expect(status.out.contains("takes no further trials: the disk of its cache has only"))
    let explained = try bench.run(
      Executables.coordinator, "explain", out, "stage=baseline,latents=2")
    #expect(explained.out.contains("no worker can take a trial"), "\(explained)")
    #expect(explained.out.contains("the disk of its cache has only"), "\(explained)")
    // The namespace's own view of the folder.
    unlink("/proc/\(worker.identifier)/root\(cache)/ballast")
    #expect(try coordinator.exitCode() == 0, "\(coordinator.standardError)")
    #expect(coordinator.standardError.contains("takes trials again"))
    #expect(!coordinator.standardError.contains("disk-full"), "\(coordinator.standardError)")
    #expect(try worker.exitCode() == 0, "\(worker.standardError)")
  }
}
