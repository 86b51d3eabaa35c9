import Foundation
import Glibc
import Messaging
import TestSupport
import Testing

@testable import Enrolment

extension TemporaryFolder {
  /// A key folder inside, not there yet.
  var keys: KeyFolder { KeyFolder(file("keys")) }
}

@Suite("Key folders")
struct KeyFolderTests {
  @Test("A pair of keys is made once, readable by its owner only, and found again")
  func madeOnce() throws {
    let folder = try TemporaryFolder()
    #expect(try folder.keys.keys(of: .worker) == nil)
    let made = try folder.keys.keysMadeIfMissing(of: .worker)
    #expect(try folder.keys.keysMadeIfMissing(of: .worker) == made)
    #expect(try folder.keys.keys(of: .worker) == made)
    #expect(try folder.keys.keys(of: .coordinator) == nil)
    #expect(folder.keys.mode(of: "worker.key") == 0o600)
    #expect(folder.keys.mode(of: ".") == 0o700)
    #expect(try folder.keys.keysMadeIfMissing(of: .worker, renewing: true) != made)
  }

  @Test(
    "a damaged list of workers or tokens is refused in words",
    arguments: ["junk", "[1, 2]", "7", "{"])
  func damagedList(text: String) throws {
    let folder = try TemporaryFolder()
    _ = try folder.keys.keysMadeIfMissing(of: .coordinator)
    let file = folder.keys.url.appending(path: AllowList.fileName)
    try Data(text.utf8).write(to: file)
    chmod(file.path, 0o600)
    let error = #expect(throws: AccessError.self) { _ = try folder.keys.allowList() }
    let words = "\(try #require(error))"
    #expect(words.contains(AllowList.fileName) && words.contains("restore the file from a copy"))
    #expect(!words.contains("DecodingError") && !words.contains("Debug description"), "\(words)")
  }

  @Test("Keys that others can read are refused, with the command that mends it")
  func readableByOthers() throws {
    let folder = try TemporaryFolder()
    _ = try folder.keys.keysMadeIfMissing(of: .worker)
    let file = folder.keys.url.appending(path: "worker.key").path
    chmod(file, 0o640)
    #expect {
      try folder.keys.keys(of: .worker)
    } throws: { error in
      "\(error)".contains("found mode 640, expected 600") && "\(error)".contains("chmod 600")
    }
    chmod(file, 0o600)
    chmod(folder.keys.url.path, 0o755)
    #expect {
      try folder.keys.keysMadeIfMissing(of: .worker)
    } throws: { error in
      "\(error)".contains("found mode 755, expected 700")
    }
  }

  @Test("A damaged key is an error, never replaced")
  func damaged() throws {
    let folder = try TemporaryFolder()
    _ = try folder.keys.keysMadeIfMissing(of: .worker)
    let file = folder.keys.url.appending(path: "worker.key")
    try Data("short\n".utf8).write(to: file)
    chmod(file.path, 0o600)
    #expect(throws: AccessError.self) { try folder.keys.keysMadeIfMissing(of: .worker) }
    #expect(try String(contentsOf: file, encoding: .utf8) == "short\n")
  }

  @Test("One coordinator is trusted at a time")
  func trust() throws {
    let folder = try TemporaryFolder()
    #expect(try folder.keys.trustedCoordinator() == nil)
    let (first, second) = (try CurveKeyPair.generate(), try CurveKeyPair.generate())
    #expect(try folder.keys.trust(first.publicKey) == nil)
    #expect(try folder.keys.trust(first.publicKey) == nil)
    #expect(try folder.keys.trust(second.publicKey) == first.publicKey)
    #expect(try folder.keys.trustedCoordinator() == second.publicKey)
  }
}

@Suite("Allow-lists")
struct AllowListTests {
  private let now = Date(timeIntervalSince1970: 1_800_000_000)

  @Test("Keys are admitted under different names and revoked by name or key")
  func admitAndRevoke() throws {
    let folder = try TemporaryFolder()
    let (first, second) = (
      try CurveKeyPair.generate().publicKey, try CurveKeyPair.generate().publicKey
    )
    try folder.keys.changeAllowList { (list) throws(AccessError) in
      try list.admit(first, as: "alpha", at: now)
      try list.admit(second, as: "beta", at: now)
    }
    #expect(throws: AccessError.self) {
      try folder.keys.changeAllowList { (list) throws(AccessError) in
        try list.admit(second, as: "alpha", at: now)
      }
    }
    let revoked = try folder.keys.changeAllowList { (list) throws(AccessError) in
      [list.revoke("alpha", at: now), list.revoke("\(second)", at: now), list.revoke("x", at: now)]
    }
    #expect(revoked.map { $0?.name } == ["alpha", "beta", nil])
    let list = try folder.keys.allowList()
    #expect(list.entries.map(\.revoked) == [now, now])
    // Revoked, a name is free again, and a person who means it may admit a key again.
    let refusal = #expect(throws: AccessError.self) {
      try folder.keys.changeAllowList { (list) throws(AccessError) in
        try list.admit(second, as: "alpha", at: now)
      }
    }
    #expect(refusal?.reason == "the key of beta was revoked on 2027-01-15T08:00:00Z")
    #expect(refusal?.remedy.contains("coordinator admit \(second) --name alpha --again") == true)
    #expect(try folder.keys.allowList() == list)
    try folder.keys.changeAllowList { (list) throws(AccessError) in
      try list.admit(second, as: "alpha", evenIfRevoked: true, at: now)
    }
    #expect(try folder.keys.allowList().entry(of: second)?.revoked == nil)
    #expect(folder.keys.mode(of: "workers.json") == 0o600)
  }

  @Test(
    "Names that could be an option, a path or a terminal's command are refused",
    arguments: [
      "", "-x", ".x", "../x", "a/b", "a b", "ä", "a\u{1B}", String(repeating: "a", count: 64),
    ])
  func names(name: String) {
    #expect(throws: AccessError.self) { try AllowList.check(name) }
  }
}

@Suite("Enrolment by token")
struct EnrolmentTests {
  private let now = Date(timeIntervalSince1970: 1_800_000_000)

  @Test("A token is written as text, and a part of it is refused")
  func text() throws {
    let folder = try TemporaryFolder()
    let token = try folder.keys.makeToken(name: nil, validity: .seconds(60), at: now)
    let read = try EnrolmentToken(token.exposed)
    #expect(read.keys == token.keys)
    #expect(read.coordinator == (try folder.keys.keys(of: .coordinator))?.publicKey)
    for wrong in ["", "bns1_", String(token.exposed.dropLast()), token.exposed + "0", "hello"] {
      #expect(throws: AccessError.self) { try EnrolmentToken(wrong) }
    }
    let kept = try String(
      contentsOf: folder.keys.url.appending(path: "tokens.json"), encoding: .utf8)
    #expect(!kept.contains(token.keys.secretKey.exposed))
  }

  @Test("Tokens that expired long ago are forgotten, and no others")
  func memory() throws {
    let folder = try TemporaryFolder()
    let old = try folder.keys.makeToken(name: nil, validity: .seconds(60), at: now)
    let justOver = now.addingTimeInterval(60 + TokenList.memory)
    let kept = try folder.keys.makeToken(name: nil, validity: .seconds(60), at: justOver)
    #expect(try folder.keys.tokens().entries.count == 2)
    _ = try folder.keys.makeToken(
      name: nil, validity: .seconds(60), at: justOver.addingTimeInterval(1))
    let tokens = try folder.keys.tokens()
    #expect(tokens.entry(of: old.keys.publicKey) == nil)
    #expect(tokens.entry(of: kept.keys.publicKey) != nil)
    #expect(tokens.entries.count == 2)
  }

  @Test("A token admits one key, once; the same worker may ask again, another may not")
  func once() throws {
    let folder = try TemporaryFolder()
    let token = try folder.keys.makeToken(name: "alpha", validity: .seconds(60), at: now).keys
      .publicKey
    let (first, second) = (
      try CurveKeyPair.generate().publicKey, try CurveKeyPair.generate().publicKey
    )
    #expect(try folder.keys.isOpen(token, at: now))
    #expect(try folder.keys.enrol(first, host: "h", token: token, at: now) == "alpha")
    #expect(try !folder.keys.isOpen(token, at: now))
    #expect(try folder.keys.enrol(first, host: "h", token: token, at: now) == "alpha")
    #expect(throws: AccessError.self) {
      try folder.keys.enrol(second, host: "h", token: token, at: now)
    }
    #expect(try folder.keys.allowList().entries.map(\.key) == [first])
  }

  @Test("An expired or unknown token admits nobody, and a revoked key stays revoked")
  func refused() throws {
    let folder = try TemporaryFolder()
    let token = try folder.keys.makeToken(name: nil, validity: .seconds(60), at: now).keys.publicKey
    let worker = try CurveKeyPair.generate().publicKey
    let later = now.addingTimeInterval(61)
    for (key, time) in [(token, later), (worker, now)] {
      #expect(throws: AccessError.self) {
        try folder.keys.enrol(worker, host: "h", token: key, at: time)
      }
    }
    #expect(try folder.keys.enrol(worker, host: "node 1", token: token, at: now) == "node-1")
    _ = try folder.keys.changeAllowList { (list) throws(AccessError) in
      list.revoke("node-1", at: now)
    }
    let next = try folder.keys.makeToken(name: nil, validity: .seconds(60), at: now).keys.publicKey
    #expect {
      try folder.keys.enrol(worker, host: "node 1", token: next, at: now)
    } throws: {
      "\($0)".contains("revoked")
    }
  }

  @Test("Several hosts may use a key only if a person has allowed it")
  func shared() throws {
    let folder = try TemporaryFolder()
    let keeper = try Gatekeeper(folder.keys) { _ in }
    for isShared in [false, true] {
      let token = try folder.keys.makeToken(
        name: nil, isShared: isShared, validity: .seconds(60), at: Date())
      let worker = try CurveKeyPair.generate().publicKey
      _ = try keeper.enrol(worker, host: "h", token: token.keys.publicKey)
      #expect(keeper.isShared("\(worker)") == isShared)
    }
  }

  @Test("Hosts of the same name get different names")
  func sameHostName() throws {
    let folder = try TemporaryFolder()
    let names = try (0..<3).map { _ in
      let token = try folder.keys.makeToken(name: nil, validity: .seconds(60), at: now)
      return try folder.keys.enrol(
        try CurveKeyPair.generate().publicKey, host: "-node", token: token.keys.publicKey, at: now)
    }
    #expect(names == ["node", "node-2", "node-3"])
  }
}
