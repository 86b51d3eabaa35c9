import Foundation

/// The build id of an executable, a hash of its content that the linker adds: the ELF note
/// `NT_GNU_BUILD_ID` (`man 5 elf`).
package enum BuildID {
  /// The running executable's, in hexadecimal; nil for one linked without it.
  package static let ofThisProgram: String? = {
    guard
      let program = try? WholeFile.mapped(URL(filePath: "/proc/self/exe"))
    else { return nil }
    return program.withUnsafeBytes(of(executable:))
  }()

  /// Finds the build id in the bytes of a 64-bit ELF file; nil if there is none or the file is
  /// truncated.
  static func of(executable: UnsafeRawBufferPointer) -> String? {
    guard executable.count >= 64, executable.starts(with: [0x7f, 0x45, 0x4c, 0x46, 2]) else {
      return nil
    }
    // e_phoff, e_phentsize, e_phnum
    guard let first = Int(exactly: executable.loadUnaligned(fromByteOffset: 32, as: UInt64.self))
    else { return nil }
    let size = Int(executable.loadUnaligned(fromByteOffset: 54, as: UInt16.self))
    let count = Int(executable.loadUnaligned(fromByteOffset: 56, as: UInt16.self))
    guard size >= 56, first <= executable.count, count * size <= executable.count - first else {
      return nil
    }
    for index in 0..<count {
      let header = first + index * size
      // p_type is PT_NOTE; p_offset, p_filesz, p_align
      func field(_ offset: Int) -> Int? {
        Int(exactly: executable.loadUnaligned(fromByteOffset: header + offset, as: UInt64.self))
      }
      guard executable.loadUnaligned(fromByteOffset: header, as: UInt32.self) == 4,
        let offset = field(8), let bytes = field(32), let alignment = field(48),
        offset <= executable.count, bytes <= executable.count - offset
      else { continue }
      let notes = UnsafeRawBufferPointer(rebasing: executable[offset..<offset + bytes])
      if let id = of(notes: notes, alignment: alignment == 8 ? 8 : 4) { return id }
    }
    return nil
  }

  private static func of(notes: UnsafeRawBufferPointer, alignment: Int) -> String? {
    func aligned(_ offset: Int) -> Int { (offset + alignment - 1) / alignment * alignment }
    var offset = 0
    while offset + 12 <= notes.count {
      // n_namesz, n_descsz, n_type
      let nameCount = Int(notes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
      let count = Int(notes.loadUnaligned(fromByteOffset: offset + 4, as: UInt32.self))
      let type = notes.loadUnaligned(fromByteOffset: offset + 8, as: UInt32.self)
      let name = offset + 12
      let content = aligned(name + nameCount)
      guard content + count <= notes.count else { return nil }
      if type == 3, notes[name..<name + nameCount].elementsEqual("GNU\0".utf8) {
        return notes[content..<content + count].map { byte in
          (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }.joined()
      }
      offset = aligned(content + count)
    }
    return nil
  }
}
