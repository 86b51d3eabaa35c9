import Digests
import Foundation
import Randomness
import Testing
import Trials

@testable import Wire

@Suite("Results")
struct ResultTests {
  private let received = ReceivedResult(Samples.result)

  /// The body of a sound result, and of its content.
  private func bodies() throws -> (result: PBResult, content: PBContent) {
    let result = try Framing.body(
      received.bytes, "result", as: PBResult.self, limit: WireLimits.resultByteCount)
    let content = try Framing.body(
      [UInt8](result.content), "content", as: PBContent.self, limit: WireLimits.resultByteCount)
    return (result, content)
  }

  @Test("A result is read back to the last bit: content, provenance, files")
  func roundTrip() throws {
    #expect(try ReceivedResult(serialised: received.bytes) == received)
    #expect(received.result == Samples.result)
    #expect(ReceivedResult(Samples.result).bytes == received.bytes)
  }

  @Test("A result without resumptions, log and first hit is read back as such")
  func leastResult() throws {
    var result = Samples.result
    result.provenance.resumed = nil
    result.provenance.versions = [:]
    result.artifacts.removeAll { $0.kind == .log }
    result.milestones = [Samples.lastReport]
    let received = ReceivedResult(result)
    #expect(try ReceivedResult(serialised: received.bytes) == received)
  }

  @Test("Passing the planned configuration only saves parsing an equal text")
  func planned() throws {
    #expect(
      try ReceivedResult(serialised: received.bytes, planned: Samples.configuration) == received)
    var other = Samples.configuration
    other.seed = 2
    #expect(try ReceivedResult(serialised: received.bytes, planned: other) == received)
  }

  @Test("The content's digest is of its bytes as received, and of nothing else in the result")
  func contentDigest() throws {
    var (result, _) = try bodies()
    #expect(received.contentDigest == Digest.of(result.content))
    result.provenance.host = "another"
    result.otherArtifacts.removeAll()
    var read = try ReceivedResult(serialised: Framing.bytes(of: result))
    #expect(read.contentDigest == received.contentDigest)
    // A later minor version's field in the content: ignored, but not for the digest.
    result.content += Data([0xA0, 0x06, 0x01])
    read = try ReceivedResult(serialised: Framing.bytes(of: result))
    #expect(read.contentDigest == Digest.of(result.content))
    #expect(read.contentDigest != received.contentDigest)
    #expect(read.result.content == received.result.content)
  }

  @Test("A log can be added behind a result, which keeps its bytes and its content's digest")
  func appending() throws {
    var result = Samples.result
    let log = try #require(result.artifacts.last)
    try #require(log.kind == .log)
    result.artifacts.removeLast()
    let without = ReceivedResult(result)
    let with = ReceivedResult.appending(log, to: without.bytes)
    #expect(with.starts(with: without.bytes) && with.count > without.bytes.count)
    let read = try ReceivedResult(serialised: with)
    #expect(read.result == Samples.result)
    #expect(read.contentDigest == without.contentDigest)
    // A second log is one too many.
    #expect(throws: WireError.self) {
      try ReceivedResult(serialised: ReceivedResult.appending(log, to: with))
    }
  }

  /// A result with one part changed.
  struct Change: CustomTestStringConvertible {
    let testDescription: String
    let change: @Sendable (inout PBResult, inout PBContent) -> Void

    init(_ name: String, _ change: @escaping @Sendable (inout PBResult, inout PBContent) -> Void) {
      testDescription = name
      self.change = change
    }

    static func provenance(
      _ name: String, _ change: @escaping @Sendable (inout PBProvenance) -> Void
    ) -> Change {
      Change(name) { result, _ in change(&result.provenance) }
    }
  }

  private static let changes: [Change] = [
    Change("a model twice") { $1.artifacts.append($1.artifacts[0]) },
    Change("a pace twice") { result, _ in
      result.otherArtifacts.append(result.otherArtifacts[0])
    },
    Change("a pace in the content") { $1.artifacts.append($0.otherArtifacts[0]) },
    Change("a model outside the content") { $0.otherArtifacts.append($1.artifacts[0]) },
    Change("an unknown file") { $1.artifacts[0].kind = "../model.safetensors" },
    Change("a file without a digest") { $1.artifacts[0].sha256 = Data() },
    Change("a digest of 33 bytes") { $1.artifacts[1].sha256 = Data(count: 33) },
    Change("a file of -1 bytes") { $1.artifacts[2].bytes = .max },
    Change("a report that is none") { $1.reports[1] = PBReport() },
    Change("a report that is not a number") { $1.reports[0].mse = .nan },
    Change("4,097 reports") { $1.reports = [PBReport](repeating: PBReport(), count: 4097) },
    .provenance("no provenance") { $0 = PBProvenance() },
    .provenance("no configuration") { $0.configurationJson = Data() },
    .provenance("a configuration that is none") { $0.configurationJson = Data("{}".utf8) },
    .provenance("a configuration above its limit") {
      $0.configurationJson = Data(repeating: 0x20, count: 65_537)
    },
    .provenance("images' digest of 31 bytes") { $0.imagesSha256 = Data(count: 31) },
    .provenance("a host of 4,097 bytes") { $0.host = String(repeating: "x", count: 4097) },
    .provenance("65 versions") {
      for index in 0..<65 { $0.versions["\(index)"] = "1" }
    },
    .provenance("a version of 4,097 bytes") {
      $0.versions["worker"] = String(repeating: "x", count: 4097)
    },
    .provenance("seconds not a number") { $0.seconds = .nan },
    .provenance("infinite processor seconds") { $0.processorSeconds = .infinity },
    .provenance("steps -1") { $0.steps = .max },
    .provenance("steps above 10^9") { $0.steps = 1_000_000_001 },
    .provenance("4,097 resumptions") {
      $0.resumed = [PBResumption](repeating: PBResumption(), count: 4097)
    },
    .provenance("a resumption at step -1") { $0.resumed[0].step = .max },
    .provenance("a share that is infinite") { $0.secondPassShare = -.infinity },
    .provenance("memory -1") { $0.peakResidentBytes = .max },
  ]

  @Test("A result with a part out of its range is an error", arguments: changes)
  func hostile(change: Change) throws {
    var (result, content) = try bodies()
    change.change(&result, &content)
    result.content = Data(Framing.bytes(of: content))
    #expect(throws: WireError.self) {
      try ReceivedResult(serialised: Framing.bytes(of: result))
    }
  }

  @Test("Bytes that are no result, and a result above 196,608 bytes, are errors")
  func noResult() {
    for bytes in [[], [0xFF], Array("{}".utf8), [0x0A, 1, 0xFF]] {
      #expect(throws: WireError.self) { try ReceivedResult(serialised: bytes) }
    }
    #expect(throws: WireError.tooLarge(place: "result bytes", count: 196_609, limit: 196_608)) {
      try ReceivedResult(serialised: [UInt8](repeating: 0, count: 196_609))
    }
  }

  @Test("Control characters in a provenance are replaced")
  func controlCharacters() throws {
    var (result, _) = try bodies()
    result.provenance.host = "a\u{1B}[2Jb"
    let read = try ReceivedResult(serialised: Framing.bytes(of: result))
    #expect(read.result.provenance.host == "a\u{FFFD}[2Jb")
  }

  @Test(
    "10,000 mutated results and reports give an error or a value that JSON can represent",
    arguments: [UInt64(1), 2, 3, 4])
  func fuzz(seed: UInt64) throws {
    var generator = SplitMix64(seed: seed)
    let report = Samples.report.serialised
    var (taken, errors) = (0, 0)
    for round in 0..<2500 {
      var bytes = round.isMultiple(of: 2) ? received.bytes : report
      if Int.random(in: 0..<4, using: &generator) == 0 {
        bytes.removeLast(Int.random(in: 0...bytes.count, using: &generator))
      }
      for _ in 0..<Int.random(in: 1...4, using: &generator) where !bytes.isEmpty {
        bytes[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(
          in: 0...255, using: &generator)
      }
      do throws(WireError) {
        if round.isMultiple(of: 2) {
          _ = CanonicalJSON.data(try ReceivedResult(serialised: bytes).result)
        } else {
          let report = try MilestoneReport(serialised: bytes)
          let again = try MilestoneReport(serialised: report.serialised)
          #expect(CanonicalJSON.data(report) == CanonicalJSON.data(again))
        }
        taken += 1
      } catch {
        errors += 1
      }
    }
    #expect(taken > 100 && errors > 100)
  }
}
