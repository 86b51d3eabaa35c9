import Datasets
import Digests
import Foundation
import Images
import TestSupport
import Testing
import Trials

@Suite("The library of archives")
struct ArchiveLibraryTests {
  private let folder: TemporaryFolder
  private let source: URL
  private let library: ArchiveLibrary

  init() throws {
    folder = try TemporaryFolder()
    source = folder.file("source")
    library = ArchiveLibrary(directory: folder.file("library"))
    try MNISTFixture.write(to: source)
  }

  private func prepare(replacing: Bool = false) throws -> DatasetPreparer.Outcome {
    try DatasetPreparer.prepare(
      .mnist, from: source, into: library.directory, replacing: replacing)
  }

  private var record: URL { library.url(of: .mnist).appendingPathExtension("sha256") }

  @Test(
    "the default folder follows the environment",
    arguments: [
      (["BOTTLENECKSWEEP_DATA": "/d", "XDG_DATA_HOME": "/x", "HOME": "/h"], "/d"),
      (
        ["BOTTLENECKSWEEP_DATA": "", "XDG_DATA_HOME": "/x", "HOME": "/h"], "/x/bottlenecksweep"
      ),
      (["XDG_DATA_HOME": "relative", "HOME": "/h"], "/h/.local/share/bottlenecksweep"),
      (["HOME": "/h"], "/h/.local/share/bottlenecksweep"),
    ])
  func defaultDirectory(environment: [String: String], path: String) {
    #expect(ArchiveLibrary.defaultDirectory(environment: environment).path == path)
  }

  @Test("a missing archive is an error that names the command to make it")
  func missing() {
    let path = library.directory.path
    let mnist = #expect(throws: ArchiveLibraryError.self) { try library.find(.mnist) }
    #expect(
      mnist?.description
        == "no images of mnist in \(path); prepare them from the web with: "
        + "coordinator data fetch mnist --data \(path), or from files that you have with: "
        + "coordinator data prepare mnist --from PATH --data \(path)")
    let sprites = #expect(throws: ArchiveLibraryError.self) { try library.find(.sprites28) }
    #expect(
      sprites?.description.hasSuffix("coordinator data prepare sprites28 --data \(path)") == true)
    #expect(library.list().map(\.name) == Dataset.allCases.map(\.name))
    #expect(library.list().allSatisfy { $0.standing == .absent })
  }

  @Test("a prepared archive is found, listed and verified as it was made")
  func found() throws {
    let images = try prepare().images
    #expect(try Digest.ofFile(at: images.url) == images.digest)
    #expect(try library.find(.mnist) == images)
    #expect(library.verify(.mnist) == .present(images))
    #expect(library.list().filter { $0.standing != .absent }.map(\.name) == ["mnist"])
  }

  @Test("preparing again keeps an intact archive, unless it is to be replaced")
  func idempotent() throws {
    let first = try prepare()
    #expect(first.isNew)
    try FileManager.default.removeItem(at: source)
    let second = try prepare()
    #expect(!second.isNew && second.images == first.images)
    #expect(throws: DatasetError.self) { try prepare(replacing: true) }
    try MNISTFixture.write(to: source)
    let third = try prepare(replacing: true)
    #expect(third.isNew && third.images == first.images)
  }

  @Test("preparing replaces a damaged archive")
  func repaired() throws {
    let images = try prepare().images
    try damage(images.url, at: 5000)
    let again = try prepare()
    #expect(again.isNew && again.images == images)
  }

  /// Flips a bit in place; the file's time of modification changes unless `keepingTime`.
  private func damage(_ url: URL, at offset: UInt64, keepingTime: Bool = false) throws {
    let attributes = try FileManager.default.attributesOfItem(atPath: url.path)
    let file = try FileHandle(forUpdating: url)
    try file.seek(toOffset: offset)
    let byte = try #require(try file.read(upToCount: 1)?.first)
    try file.seek(toOffset: offset)
    try file.write(contentsOf: [byte ^ 1])
    try file.close()
    if keepingTime {
      let time = try #require(attributes[.modificationDate])
      try FileManager.default.setAttributes([.modificationDate: time], ofItemAtPath: url.path)
    }
  }

  @Test("a flipped bit is found by `find` if the file's time has changed, by `verify` always")
  func damaged() throws {
    let images = try prepare().images
    try damage(images.url, at: 5000)
    let error = #expect(throws: ArchiveLibraryError.self) { try library.find(.mnist) }
    #expect(error?.description.contains("the training part is damaged") == true)
    #expect(
      error?.description.contains("coordinator data prepare mnist --from PATH") == true)
    guard case .unusable(let problem) = library.verify(.mnist) else {
      Issue.record("a damaged archive passed")
      return
    }
    #expect(problem.contains(images.url.path))
  }

  @Test("a damaged record is ignored")
  func damagedRecord() throws {
    let images = try prepare().images
    for text in ["", "nonsense", "# 1 bytes\n\(Digest.of("x"))  mnist.images\n"] {
      try Data(text.utf8).write(to: record)
      #expect(try library.find(.mnist) == images)
      #expect(try String(contentsOf: record, encoding: .utf8).contains("\(images.digest)"))
    }
    try FileManager.default.removeItem(at: record)
    #expect(try library.find(.mnist) == images)
  }

  @Test("a wrong recorded digest is found by `verify`")
  func wrongRecord() throws {
    let images = try prepare().images
    let text = try String(contentsOf: record, encoding: .utf8)
    let wrong = text.replacingOccurrences(
      of: images.digest.hexadecimal, with: Digest.of("other").hexadecimal)
    try Data(wrong.utf8).write(to: record)
    guard case .unusable(let problem) = library.verify(.mnist) else {
      Issue.record("a wrong record passed")
      return
    }
    #expect(problem.contains("found SHA-256 \(images.digest), expected \(Digest.of("other"))"))
  }

  @Test("an archive that replaces another, even with its time, gets its own digest")
  func replaced() throws {
    let old = try prepare().images
    let time = try FileManager.default.attributesOfItem(atPath: old.url.path)
    var other = MNISTFixture.training
    other[100] ^= 1
    try MNISTFixture.write(to: source, training: other)
    let elsewhere = folder.file("elsewhere")
    let new = try DatasetPreparer.prepare(.mnist, from: source, into: elsewhere).images
    try FileManager.default.removeItem(at: old.url)
    try FileManager.default.moveItem(at: new.url, to: old.url)
    let modified = try #require(time[.modificationDate])
    try FileManager.default.setAttributes([.modificationDate: modified], ofItemAtPath: old.url.path)
    #expect(try library.find(.mnist).digest == new.digest)
    #expect(new.digest != old.digest)
  }

  @Test("the record has the format of sha256sum, after a comment")
  func recordFormat() throws {
    let images = try prepare().images
    let lines = try String(contentsOf: record, encoding: .utf8).split(separator: "\n")
    #expect(lines.count == 2 && lines[0].hasPrefix("# "))
    #expect(lines.last == "\(images.digest)  mnist.images")
  }

  @Test("another data set's archive under this name is refused")
  func wrongDataset() throws {
    let images = try prepare().images
    try FileManager.default.moveItem(at: images.url, to: library.url(of: .sprites28))
    let error = #expect(throws: ArchiveLibraryError.self) { try library.find(.sprites28) }
    #expect(
      error?.description.contains("found images of mnist, 28×28×1, expected sprites28, 28×28×1")
        == true)
  }

  @Test("a set that is read from files needs a source")
  func sourceNotGiven() {
    #expect(throws: DatasetError.sourceNotGiven(dataset: .mnist)) {
      try DatasetPreparer.prepare(.mnist, from: nil, into: library.directory)
    }
  }
}
