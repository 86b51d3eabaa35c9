import Digests
import Foundation
import TestSupport
import Testing

@testable import Reports

@Suite("The ledger of outputs")
struct OutputLedgerTests {
  @Test("what is noted is found again, also after lines were added one by one")
  func noted() throws {
    let folder = try TemporaryFolder()
    var ledger = OutputLedger(in: folder.url)
    ledger.note("a.csv", Digest.of("one"))
    ledger.note([("b.csv", Digest.of("two")), ("a.csv", Digest.of("three"))])
    var again = OutputLedger(in: folder.url)
    #expect(again.paths == ["a.csv", "b.csv"])
    #expect(
      again.contains("a.csv", Digest.of("one")) && again.contains("a.csv", Digest.of("three")))
    again.tidy()
    #expect(!OutputLedger(in: folder.url).contains("a.csv", Digest.of("one")))
  }

  @Test("a pipe in its place is as no ledger: nobody waits, and it stays a pipe")
  func pipe() throws {
    let folder = try TemporaryFolder()
    let path = folder.file(OutputLedger.name).path
    #expect(mkfifo(path, 0o600) == 0)
    var ledger = OutputLedger(in: folder.url)
    #expect(ledger.isEmpty)
    ledger.note("a.csv", Digest.of("one"))
    ledger.tidy()
    #expect(ledger.contains("a.csv", Digest.of("one")))
    var status = stat()
    #expect(lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFIFO)
  }
}
