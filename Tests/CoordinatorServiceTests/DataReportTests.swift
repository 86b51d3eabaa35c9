import CoordinatorService
import Downloads
import Foundation
import Images
import TestSupport
import Testing
import Trials

/// The folder of published files, when there is one to test with.
private let testData = ProcessInfo.processInfo.environment["BOTTLENECKSWEEP_TEST_DATA"]
  .map { URL(fileURLWithPath: $0) }

@Suite("coordinator data")
struct DataReportTests {
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
  }

  private func fetch(_ name: String, mirror: String = "http://127.0.0.1:1") throws -> String {
    var settings = DownloadSettings()
    settings.pause = .milliseconds(1)
    return try DataReport.fetch(
      name, mirror: mirror, into: folder.url, force: false, settings: settings)
  }

  @Test("every set that is read from files can be downloaded")
  func published() {
    #expect(
      PublishedData.datasets == Dataset.allCases.filter { !$0.isProcedural }.map(\.name))
  }

  @Test("drawn and unknown sets are not downloaded, and say so")
  func notPublished() {
    #expect {
      try fetch("sprites28")
    } throws: {
      "\($0)".hasSuffix("is drawn, not downloaded: coordinator data prepare sprites28")
    }
    #expect {
      try fetch("mnits")
    } throws: {
      "\($0)".contains("expected one of mnist")
    }
  }

  @Test("a web page in place of MNIST leaves nothing that could be taken for it")
  func page() throws {
    let server = try LoopbackServer { _, _ in
      .init(headers: ["Content-Type: text/html"], body: Array("<html>".utf8))
    }
    #expect {
      try fetch("mnist", mirror: server.address)
    } throws: {
      "\($0)".contains("found a web page (text/html)")
    }
    #expect(try folder.fileNames == ["downloads"])
    #expect(
      FileManager.default.subpaths(atPath: folder.file("downloads").path)?.sorted()
        == ["mnist", "mnist/train-images-idx3-ubyte.gz.part"])
  }

  @Test(
    "MNIST from a mirror that drops the connection becomes the archive of the published files",
    .enabled(if: testData != nil))
  func mnist() throws {
    let published = try #require(testData).appending(path: "mnist")
    let files = try Dictionary(
      uniqueKeysWithValues: FileManager.default.contentsOfDirectory(atPath: published.path).map {
        ("/" + $0, try Array(Data(contentsOf: published.appending(path: $0))))
      })
    let server = try LoopbackServer { request, number in
      guard let file = files[request.path] else { return .init("404 No") }
      return number == 0
        ? .file(file, request).cut(after: 1_000_000) : .file(file, request)
    }
    let text = try fetch("mnist", mirror: server.address)
    #expect(
      text.contains(
        """
        t10k-images-idx3-ubyte.gz: 1648877 bytes, sha256 \
        8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6 as published

        """))
    #expect(
      text.hasSuffix(
        "sha256 2f0d4510208c355110e3bc226a1a6186715e556291550bbc33bafa5d85aa52bc\n"))
    #expect(server.requests.map(\.start) == [nil, 1_000_000, nil])
    #expect(try fetch("mnist", mirror: server.address).hasSuffix("--force prepares it again.\n"))
    #expect(server.requests.count == 3)
  }

  @Test("a contact sheet is a PNG of as many images as asked for, or as there are")
  func sheet() throws {
    _ = try DataReport.prepare("sprites28", as: nil, from: nil, into: folder.url, force: false)
    func size(_ count: Int) throws -> [UInt8] {
      let file = folder.file("sheet.png")
      let text = try DataReport.show(
        "sprites28", part: .evaluation, count: count, to: file, folder: folder.url)
      #expect(text.contains("\(min(count, 1024)) of 1024 evaluation images of sprites28, 28×28×1"))
      let png = try Array(Data(contentsOf: file))
      #expect(png.prefix(8) == [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
      // Width and height, two bytes each of four.
      return Array(png[18...19] + png[22...23])
    }
    func big(_ number: Int) -> [UInt8] { [UInt8(number >> 8), UInt8(number & 255)] }
    // Images of 56 pixels, gaps of 2: 4 columns, 3 rows; 32 columns and rows.
    #expect(try size(10) == big(4 * 58 + 2) + big(3 * 58 + 2))
    #expect(try size(4096) == big(32 * 58 + 2) + big(32 * 58 + 2))
    #expect {
      try DataReport.show(
        "mnist", part: .training, count: 1, to: nil, folder: folder.url)
    } throws: {
      "\($0)".contains("coordinator data fetch mnist")
    }
  }
}
