import Foundation
import Trials

/// Files that an earlier version named by the trial's digits alone.
///
/// File names now begin with the `t` of a trial's name: `models/t….safetensors`.
enum FormerNames {
  /// The folders that hold files named by trials.
  private static let folders = ["figure2", "logs", "models", "trajectories"]

  /// The files of a sweep's folder with former names, and their present names, relative to it.
  static func found(in folder: URL) -> [(former: String, now: String)] {
    folders.flatMap { part in
      let names =
        (try? FileManager.default.contentsOfDirectory(
          atPath: folder.appending(path: part).path)) ?? []
      return names.sorted().compactMap { name in
        now(name).map { ("\(part)/\(name)", "\(part)/\($0)") }
      }
    }
  }

  /// The former name of a file; nil if it had none.
  static func former(of path: String) -> String? {
    guard let slash = path.lastIndex(of: "/") else { return nil }
    let name = path[path.index(after: slash)...]
    guard name.first == "t", now(name.dropFirst()) != nil else { return nil }
    return String(path[...slash] + name.dropFirst())
  }

  /// Renames all of them; if a file with the new name exists, the old one is deleted.
  static func replace(in folder: URL) {
    let manager = FileManager.default
    for (former, now) in found(in: folder) {
      let (old, new) = (folder.appending(path: former), folder.appending(path: now))
      if manager.fileExists(atPath: new.path) {
        try? manager.removeItem(at: old)
      } else {
        try? manager.moveItem(at: old, to: new)
      }
    }
  }

  private static func now(_ name: some StringProtocol) -> String? {
    let digits = name.prefix { $0 != "." }
    guard digits.count == 16, digits.count < name.count, let trial = TrialID(digits) else {
      return nil
    }
    return "\(trial)" + name.dropFirst(16)
  }
}
