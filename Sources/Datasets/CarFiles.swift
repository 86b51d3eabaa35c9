import Files
import Foundation
import Glibc
import Trials

/// The files of the cars, in a folder or in the published archive.
struct CarFiles {
  /// Names of the files found, in the data set's order.
  let names: [String]
  private let content: Content

  /// Where the files are.
  private enum Content {
    case folder(URL)
    /// An archive, and its members' compressed bytes by name, because members have any order.
    case archive(URL, [String: [UInt8]])
  }

  private static let archiveNames = ["nips2015-analogy-data.tar.gz", "nips2015-analogy-data.tar"]
  private static let listName = "list.txt"
  private static let listByteLimit = 1 << 20
  /// The largest file accepted; the published ones have about 650,000 bytes.
  private static let fileByteLimit = 8 << 20
  private static let allFilesByteLimit = 256 << 20

  /// Finds the cars.
  init(at url: URL) throws(DatasetError) {
    let finder = FileFinder(
      dataset: .cars3d, source: url,
      subfolders: ["cars", "data/cars", "nips2015-analogy-data/data/cars"])
    if finder.isFile {
      self = try Self(archive: url)
    } else if let folder = finder.folders.first(where: { !Self.cars(in: $0).isEmpty }) {
      self = try Self(folder: folder)
    } else {
      self = try Self(
        archive: try finder.find("cars (car_001_mesh.mat and so on)", Self.archiveNames))
    }
  }

  private init(folder: URL) throws(DatasetError) {
    let list = folder.appending(path: Self.listName)
    var order: [String]?
    if FileManager.default.fileExists(atPath: list.path) {
      order = Self.order(try Self.read(list, limit: Self.listByteLimit))
    }
    names = try Self.sorted(Self.cars(in: folder), order, place: folder.path)
    content = .folder(folder)
  }

  private init(archive: URL) throws(DatasetError) {
    let head = try FileHead(archive, expecting: "nips2015-analogy-data.tar.gz")
    guard head.isGzip || archive.pathExtension == "tar" else {
      throw .refused(
        place: archive.path, found: head.summary, expected: "nips2015-analogy-data.tar.gz",
        remedy: "name the archive, or the folder of car_001_mesh.mat and so on")
    }
    if head.isGzip { _ = try GzipFile.byteCount(of: archive.path) }
    var reader = try ArchiveReader.open(path: archive.path, format: .tar)
    var order: [String]?
    var files: [String: [UInt8]] = [:]
    var total = 0
    while let member = try reader.nextMember() {
      let path = member.name.split(separator: "/").map(String.init)
      guard let name = path.last, path.dropLast().last == "cars" else { continue }
      let isCar = Self.isCar(name)
      guard isCar || name == Self.listName else { continue }
      let bytes = try Self.content(
        of: member, &reader, limit: isCar ? Self.fileByteLimit : Self.listByteLimit,
        place: "\(archive.path):\(member.name)")
      guard isCar else {
        order = Self.order(bytes)
        continue
      }
      total += bytes.count
      guard total <= Self.allFilesByteLimit else {
        throw .malformed(
          place: archive.path, offset: 0, field: "bytes of all cars", found: "more",
          expected: "at most \(Self.allFilesByteLimit)")
      }
      files[name] = bytes
    }
    guard !files.isEmpty else {
      throw .malformed(
        place: archive.path, offset: 0, field: "members", found: "no cars",
        expected: "data/cars/car_001_mesh.mat and so on")
    }
    names = try Self.sorted(Array(files.keys), order, place: archive.path)
    content = .archive(archive, files)
  }

  /// The bytes of a car's file, and its path for messages.
  func file(_ name: String) throws(DatasetError) -> (bytes: [UInt8], place: String) {
    switch content {
    case .folder(let folder):
      let url = folder.appending(path: name)
      _ = try FileHead(url, expecting: "a .mat file of MATLAB 5")
      return (try Self.read(url, limit: Self.fileByteLimit), url.path)
    case .archive(let archive, let files):
      return (files[name] ?? [], "\(archive.path):\(name)")
    }
  }

  /// The cars' file names in a folder, without the extra files of other systems.
  private static func cars(in folder: URL) -> [String] {
    let names = try? FileManager.default.contentsOfDirectory(atPath: folder.path)
    return (names ?? []).filter(isCar)
  }

  private static func isCar(_ name: String) -> Bool {
    name.hasPrefix("car_") && name.hasSuffix("_mesh.mat")
  }

  /// The names of `list.txt`, which have no extension.
  private static func order(_ bytes: [UInt8]) -> [String] {
    String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline)
      .map { $0.trimmingCharacters(in: .whitespaces) + ".mat" }
  }

  private static func sorted(
    _ names: [String], _ order: [String]?, place: String
  ) throws(DatasetError) -> [String] {
    guard let order else { return names.sorted() }
    let places = Dictionary(
      order.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    if let unknown = names.sorted().first(where: { places[$0] == nil }) {
      throw .refused(
        place: "\(place)/\(unknown)", found: "a car that \(listName) does not list",
        expected: "one of the \(order.count) listed ones",
        remedy: "take the file away, or \(listName) if all files are wanted")
    }
    return names.sorted { places[$0, default: 0] < places[$1, default: 0] }
  }

  private static func read(_ url: URL, limit: Int) throws(DatasetError) -> [UInt8] {
    let file = try OpenFile<DatasetError>(url.path, flags: O_RDONLY)
    let size = try file.byteCount()
    guard size <= limit else {
      throw .malformed(
        place: url.path, offset: 0, field: "size of the file", found: "\(size) bytes",
        expected: "at most \(limit)")
    }
    return try file.read(at: 0, count: size)
  }

  private static func content(
    of member: ArchiveReader.Member, _ reader: inout ArchiveReader, limit: Int, place: String
  ) throws(DatasetError) -> [UInt8] {
    guard let size = member.byteCount, size >= 0, size <= limit else {
      throw .malformed(
        place: place, offset: 0, field: "size of the member",
        found: member.byteCount.map { "\($0) bytes" } ?? "none", expected: "at most \(limit)")
    }
    var bytes = [UInt8](repeating: 0, count: size)
    var filled = 0
    while filled < size {
      let count = try reader.read(into: &bytes, from: filled)
      guard count > 0 else {
        throw .malformed(
          place: place, offset: filled, field: "content", found: "the end of the archive",
          expected: "\(size) bytes")
      }
      filled += count
    }
    return bytes
  }
}
