import Files
import Foundation

/// A command line that a shell is to complete.
package struct CommandDraft: Sendable {
  /// The name of the database in a sweep's folder, by which the folder is known.
  static let databaseName = "sweep.sqlite"

  /// The words before that of the cursor, as programs get them: without quotes.
  package let words: [String]
  /// What stands of the cursor's word before the cursor.
  package let beginning: String

  /// A command line as a shell passes it.
  ///
  /// - Parameters:
  ///   - words: All words, as typed.
  ///   - index: The number of the cursor's word.
  ///   - beginning: What stands of that word before the cursor, as typed.
  ///   - home: The folder that `~` means.
  package init(
    words: [String], index: Int, beginning: String, home: String = UserFolders().home.path
  ) {
    self.words = words.prefix(max(0, index)).map { ShellWord.text(of: $0, home: home) }
    // A candidate repeats what is typed, `~` included.
    self.beginning = ShellWord.text(of: beginning, home: "~")
  }

  /// The sweep's folder in the command line: the first word that is one; nil if there is none.
  package var sweep: URL? {
    words.dropFirst().lazy.map { URL(filePath: $0, directoryHint: .isDirectory) }
      .first(where: Self.isSweep)
  }

  /// The folder after an option; nil if it is not given.
  package func folder(after option: String) -> URL? {
    let value: String?
    if let place = words.firstIndex(of: option) {
      // Bash makes three words of `--data=DIR`.
      value = words.dropFirst(place + 1).first { $0 != "=" }
    } else {
      let joined = words.first { $0.hasPrefix(option + "=") }
      value = joined.map { String($0.dropFirst(option.count + 1)) }
    }
    guard let value, !value.isEmpty else { return nil }
    return URL(filePath: value, directoryHint: .isDirectory)
  }

  /// The paths of sweeps' folders that begin as typed; where there is none, of other folders, to
  /// look into.
  package func sweepFolders(home: String = UserFolders().home.path) -> [String] {
    let typed = beginning[
      ..<(beginning.lastIndex(of: "/").map { beginning.index(after: $0) } ?? beginning.startIndex)]
    let place = ShellWord.text(of: String(typed), home: home)
    let folder = URL(filePath: place.isEmpty ? "." : place, directoryHint: .isDirectory)
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    let rest = beginning.dropFirst(typed.count)
    let wanted = names.filter { $0.hasPrefix(rest) && ($0.first != "." || rest.first == ".") }
    let sweeps = wanted.filter { Self.isSweep(folder.appending(path: $0)) }
    let folders = wanted.filter { name in
      var isFolder: ObjCBool = false
      let path = folder.appending(path: name).path
      return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
        && isFolder.boolValue
    }
    return sweeps.isEmpty ? folders.map { "\(typed)\($0)/" } : sweeps.map { "\(typed)\($0)" }
  }

  private static func isSweep(_ folder: URL) -> Bool {
    FileManager.default.fileExists(atPath: folder.appending(path: databaseName).path)
  }
}
