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
