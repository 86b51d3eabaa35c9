import Benches
import Foundation

/// The processor cores that processes may use.
enum Cores {
  /// The numbers of the cores that this process may use.
  static var own: [Int] {
    let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)
    let line = (status ?? "").split(separator: "\n").first { $0.hasPrefix("Cpus_allowed_list:") }
    let ranges = (line ?? "").drop { $0 != "\t" }.dropFirst().split(separator: ",")
    return ranges.flatMap { range in
      let ends = range.split(separator: "-").compactMap { Int($0) }
      return Array((ends.first ?? 0)...(ends.last ?? 0))
    }
  }

  /// Restricts all threads of a process, and the processes that it starts later, to these cores.
  ///
  /// - Throws: ``BenchmarkError`` if `taskset` fails.
  static func keep(_ process: Int32, on cores: some Collection<Int>) throws {
    let taskset = Process()
    taskset.executableURL = URL(filePath: "/usr/bin/env")
    let list = cores.map { "\($0)" }.joined(separator: ",")
    taskset.arguments = ["taskset", "-a", "-p", "-c", list, "\(process)"]
    taskset.standardOutput = FileHandle.nullDevice
    try taskset.run()
    taskset.waitUntilExit()
    guard taskset.terminationStatus == 0 else {
      throw BenchmarkError("taskset cannot restrict process \(process) to the cores \(list)")
    }
  }
}
