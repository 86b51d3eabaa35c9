import Benches
import Foundation

/// The processor cores that processes may use.
enum Cores {
  /// Those of this process, by number.
  static var own: [Int] {
    let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)
    let line = (status ?? "").split(separator: "\n").first { $0.hasPrefix("Cpus_allowed_list:") }
    let ranges = (line ?? "").drop { $0 != "\t" }.dropFirst().split(separator: ",")
    return ranges.flatMap { range in
      let ends = range.split(separator: "-").compactMap { Int($0) }
      return Array((ends.first ?? 0)...(ends.last ?? 0))
    }
  }

  /// Keeps all threads of a process, and what it starts from now on, on these cores.
  ///
  /// - Throws: ``BenchmarkError`` when `taskset` cannot.
  static func keep(_ process: Int32, on cores: some Collection<Int>) throws {
    let taskset = Process()
    taskset.executableURL = URL(filePath: "/usr/bin/env")
    let list = cores.map { "\($0)" }.joined(separator: ",")
    taskset.arguments = ["taskset", "-a", "-p", "-c", list, "\(process)"]
    taskset.standardOutput = FileHandle.nullDevice
    try taskset.run()
    taskset.waitUntilExit()
    guard taskset.terminationStatus == 0 else {
      throw BenchmarkError("taskset cannot keep process \(process) on the cores \(list)")
    }
  }
}
