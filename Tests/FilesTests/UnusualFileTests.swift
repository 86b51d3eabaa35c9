import Files
import Foundation
import Glibc
import TestSupport
import Testing

@Suite("Paths that are not regular files")
struct UnusualFileTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func failure(_ path: String, _ flags: Int32 = O_RDONLY) -> FileError? {
    do throws(FileError) {
      _ = try OpenFile<FileError>(path, flags: flags)
      return nil
    } catch {
      return error
    }
  }

  @Test("a pipe that nobody writes to is refused at once", arguments: [O_RDONLY, O_RDWR | O_CREAT])
  func pipe(flags: Int32) {
    let path = folder.file("pipe").path
    #expect(mkfifo(path, 0o600) == 0)
    #expect(failure(path, flags)?.description == "\(path): found a pipe, expected a file")
  }

  @Test("a pipe without a reader is refused for writing too, by its name")
  func pipeForWriting() {
    let path = folder.file("pipe").path
    #expect(mkfifo(path, 0o600) == 0)
    #expect(failure(path, O_WRONLY)?.description == "\(path): found a pipe, expected a file")
  }

  @Test("a pipe in the place of a file that is read whole, in parts or mapped is refused at once")
  func pipeInPlace() throws {
    let url = folder.file("pipe")
    #expect(mkfifo(url.path, 0o600) == 0)
    let expected = "\(url.path): found a pipe, expected a file"
    let readings: [(URL) throws -> Void] = [
      { _ = try WholeFile.read($0) }, { _ = try WholeFile.mapped($0) },
      { _ = try RegularFile.reading($0) },
    ]
    for read in readings {
      let error = #expect(throws: FileError.self) { try read(url) }
      #expect(error?.description == expected)
    }
    #expect(WholeFile.text(url) == nil)
  }

  @Test("a file is read the same whole, in parts and mapped; an empty one too")
  func same() throws {
    for bytes in [[], Array("twelve bytes".utf8)] {
      let url = try folder.file("file", holding: bytes)
      #expect(try WholeFile.read(url) == Data(bytes))
      #expect(try WholeFile.mapped(url) == Data(bytes))
      #expect(try RegularFile.reading(url).readToEnd() ?? Data() == Data(bytes))
      #expect(WholeFile.text(url) == String(decoding: bytes, as: UTF8.self))
    }
  }

  @Test("only a regular file is replaced; a pipe, a folder, a link and a device stay")
  func replaced() throws {
    let file = try folder.file("file", holding: Array("old".utf8))
    let pipe = folder.file("pipe")
    #expect(mkfifo(pipe.path, 0o600) == 0)
    let link = folder.file("link")
    try FileManager.default.createSymbolicLink(at: link, withDestinationURL: file)
    let device = folder.file("device")
    // Only root may make a device; it is the null device under another name.
    let hasDevice = mknod(device.path, S_IFCHR | 0o600, 1 << 8 | 3) == 0
    var places: [(url: URL, found: String, kind: mode_t)] = [
      (pipe, "a pipe", S_IFIFO), (try folder.folder("folder"), "a folder", S_IFDIR),
      (link, "a symbolic link", S_IFLNK),
    ]
    if hasDevice { places.append((device, "a device", S_IFCHR)) }
    for (url, found, kind) in places {
      let path = url.path
      let error = #expect(throws: FileError.self) {
        try DurableFile.write(Data("new".utf8), to: URL(filePath: path))
      }
      #expect(error?.description == "\(path): found \(found), expected a file")
      var status = stat()
      #expect(lstat(path, &status) == 0 && status.st_mode & S_IFMT == kind, "\(path)")
    }
    #expect(try Data(contentsOf: file) == Data("old".utf8))
    #expect(try folder.fileNames.allSatisfy { !$0.hasPrefix(".") })
  }

  @Test("a device and a folder are refused and named")
  func others() {
    let device = "/dev/zero: found a device, expected a file"
    #expect(failure("/dev/zero")?.description == device)
    let path = folder.url.path
    #expect(failure(path)?.description == "\(path): found a folder, expected a file")
    #expect(failure(path, O_RDONLY | O_DIRECTORY) == nil)
  }

  @Test("a file up to the limit is read, a longer one is refused")
  func whole() throws {
    let url = try folder.file("text", holding: Array("12345".utf8))
    #expect(try WholeFile.read(url.path, limit: 5) == Data("12345".utf8))
    let error = #expect(throws: FileError.self) { try WholeFile.read(url.path, limit: 4) }
    #expect(error?.description == "\(url.path): found more than 4 bytes, expected fewer")
  }

  @Test("a limit of open files that is too low is an error with a remedy")
  func limit() {
    let error = #expect(throws: TooFewFiles.self) { try OpenFileLimit.require(.max) }
    #expect(error?.description.contains("ulimit -n") == true)
  }
}
