import Foundation
import Testing

@testable import Files

@Suite("Build ids")
struct BuildIDTests {
  @Test("programs have the id that readelf finds in them")
  func realPrograms() throws {
    let running = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    #expect(BuildID.ofThisProgram == (try Self.readelf(running)))
    // The tests' own code, linked as the product is.
    let tests = try #require(CommandLine.arguments.first)
    let id = try #require(try Self.readelf(tests))
    #expect(id.count == 40)
    #expect(Self.id([UInt8](try Data(contentsOf: URL(filePath: tests)))) == id)
  }

  private static func readelf(_ program: String) throws -> String? {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["readelf", "-n", program]
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let text = String(
      decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
    process.waitUntilExit()
    try #require(process.terminationStatus == 0)
    let line = text.split(separator: "\n").first { $0.contains("Build ID: ") }
    return line?.split(separator: " ").last.map(String.init)
  }

  @Test("the id is found behind another note, but not in a damaged file")
  func layout() {
    let program = Self.program(
      notes: Self.note("ABC\0", 1, [1, 2, 3]) + Self.note("GNU\0", 3, [0, 10, 255]))
    #expect(Self.id(program) == "000aff")
    for count in 0..<program.count { #expect(Self.id(Array(program.prefix(count))) == nil) }
    #expect(Self.id(Self.program(notes: Self.note("GNU\0", 1, [1]))) == nil)
    for index in program.indices {
      var damaged = program
      damaged[index] ^= 0xff
      _ = Self.id(damaged)
    }
  }

  private static func id(_ program: [UInt8]) -> String? {
    program.withUnsafeBytes(BuildID.of(executable:))
  }

  /// A note whose parts are aligned to 4 bytes.
  private static func note(_ name: String, _ type: UInt32, _ content: [UInt8]) -> [UInt8] {
    func padded(_ bytes: [UInt8]) -> [UInt8] {
      bytes + [UInt8](repeating: 0, count: (4 - bytes.count % 4) % 4)
    }
    return bytes(UInt32(name.utf8.count)) + bytes(UInt32(content.count)) + bytes(type)
      + padded(Array(name.utf8)) + padded(content)
  }

  /// An ELF file of one segment, the notes, at its end.
  private static func program(notes: [UInt8]) -> [UInt8] {
    let header =
      [0x7f, 0x45, 0x4c, 0x46, 2] + [UInt8](repeating: 0, count: 27) + bytes(UInt64(64))
      + [UInt8](repeating: 0, count: 14) + bytes(UInt16(56)) + bytes(UInt16(1))
      + [UInt8](repeating: 0, count: 6)
    let segment =
      bytes(UInt32(4)) + bytes(UInt32(0)) + bytes(UInt64(120)) + bytes(UInt64(0))
      + bytes(UInt64(0)) + bytes(UInt64(notes.count)) + bytes(UInt64(notes.count))
      + bytes(UInt64(4))
    return header + segment + notes
  }

  private static func bytes<Value: FixedWidthInteger>(_ value: Value) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian) { Array($0) }
  }
}
