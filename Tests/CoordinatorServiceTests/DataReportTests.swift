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

  @Test(
    "a published file under another name is recognised and refused", .enabled(if: testData != nil))
  func mistakenFiles() throws {
    let source = try #require(testData).appending(path: "mnist")
    let (train, test) = ("train-images-idx3-ubyte.gz", "t10k-images-idx3-ubyte.gz")
    func prepare(_ name: String, from place: URL) throws -> String {
      try DataReport.prepare(name, as: nil, from: place, into: folder.url, force: false)
    }
    #expect {
      try prepare("fashion-mnist", from: source)
    } throws: {
      "\($0)".contains(
        "found the published \(train) of mnist, expected training images of fashion-")
        && "\($0)".hasSuffix("; coordinator data prepare mnist takes it")
    }
    let exchanged = folder.url.appending(path: "exchanged")
    try FileManager.default.createDirectory(at: exchanged, withIntermediateDirectories: true)
    for (name, other) in [(train, test), (test, train)] {
      try FileManager.default.copyItem(
        at: source.appending(path: other), to: exchanged.appending(path: name))
    }
    #expect {
      try prepare("mnist", from: exchanged)
    } throws: {
      "\($0)".contains("\(train): found the published \(test) of mnist, expected training images")
        && "\($0)".hasSuffix("are exchanged: give each the other's name")
    }
    #expect(try folder.fileNames.filter { $0.hasSuffix(".images") } == [])
    #expect(try prepare("mnist", from: source).contains("60000 training, 10000 evaluation images"))
  }

  @Test("for procedural and unknown sets, a download is refused with the reason")
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

  @Test("a web page instead of MNIST leaves no file that could be mistaken for it")
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

  @Test("a user's own images are shown in their colours, the right way up")
  func ownImages() throws {
    // Images of one shade each; the first pixel is red, the last of the first row green, the first
    // of the last row blue.
    let side = 64
    let expected = (1...12).map { UInt8($0 * 10) }
    let description =
      "{'descr': '|u1', 'fortran_order': False, 'shape': (12, \(side), \(side), 3), }\n"
    var bytes: [UInt8] = [0x93] + "NUMPY".utf8 + [1, 0, UInt8(description.utf8.count), 0]
    bytes += description.utf8
    for shade in expected {
      var image = [UInt8](repeating: shade, count: side * side * 3)
      image.replaceSubrange(0..<3, with: [255, 0, 0])
      image.replaceSubrange((side - 1) * 3..<side * 3, with: [0, 255, 0])
      image.replaceSubrange((side - 1) * side * 3..<((side - 1) * side + 1) * 3, with: [0, 0, 255])
      bytes += image
    }
    let array = folder.file("cells.npy")
    try Data(bytes).write(to: array)
    _ = try DataReport.prepare(
      "my-cells", as: "64x64x3", from: array, into: folder.url, force: false)
    let file = folder.file("cells.png")
    var shades: Set<UInt8> = []
    for part in [ImageSplit.training, .evaluation] {
      let text = try DataReport.show(
        "my-cells", part: part, count: 12, to: file, folder: folder.url)
      #expect(text.contains("\(part.rawValue) images of my-cells, 64×64×3"), "\(text)")
      let png = try #require(DecodedPNG(Data(contentsOf: file)))
      let (columns, rows) = (png.width / (side + 2), png.height / (side + 2))
      for row in 0..<rows {
        for column in 0..<columns {
          let (left, top) = (2 + column * (side + 2), 2 + row * (side + 2))
          let shade = png[left + 5, top + 5]
          // Nothing is drawn where there is no image.
          guard shade != [128, 128, 128] else { continue }
          #expect(Set(shade).count == 1)
          shades.insert(shade[0])
          #expect(png[left, top] == [255, 0, 0])
          #expect(png[left + side - 1, top] == [0, 255, 0])
          #expect(png[left, top + side - 1] == [0, 0, 255])
        }
      }
    }
    #expect(shades == Set(expected))
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
    let png = try #require(DecodedPNG(Data(contentsOf: folder.file("sheet.png"))))
    // White on black, not 1 on 0.
    #expect(Set(png.bytes).isSuperset(of: [0, 255]) && png.channels == 1)
    #expect {
      try DataReport.show(
        "mnist", part: .training, count: 1, to: nil, folder: folder.url)
    } throws: {
      "\($0)".contains("coordinator data fetch mnist")
    }
  }
}
