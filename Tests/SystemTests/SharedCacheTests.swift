import Digests
import Foundation
import Testing

@Suite("The cache of real workers", .serialized)
struct SharedCacheTests {
  @Test("a damaged archive in the cache is fetched again and changes no result")
  func damaged() throws {
    let bench = try Bench()
    let sweep = try bench.file("tiny.yaml", Bench.sweep())
    let expected = try bench.complete(sweep, in: "first")
    let images = bench.folder.appending(path: "cache/bottlenecksweep/images")
    let archive = try #require(
      try FileManager.default.contentsOfDirectory(atPath: images.path)
        .first { $0.hasSuffix(".images") })
    let file = images.appending(path: archive)
    #expect("\(try Digest.ofFile(at: file)).images" == archive)

    let handle = try FileHandle(forUpdating: file)
    try handle.seek(toOffset: 5000)
    try handle.write(contentsOf: Data(repeating: 0x55, count: 5000))
    try handle.close()
    #expect("\(try Digest.ofFile(at: file)).images" != archive)
    #expect(try bench.complete(sweep, in: "second") == expected)
    #expect("\(try Digest.ofFile(at: file)).images" == archive)
  }

  @Test("a mistake in the cache's limit is reported")
  func limit() throws {
    let worker = try Bench().run(
      Executables.worker, "--connect", "tcp://127.0.0.1:1", "--cache-limit", "20")
    #expect(worker.code == 64)
    #expect(worker.err.contains("--cache-limit"))
  }
}
