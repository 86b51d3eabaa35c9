import Foundation
import Glibc

/// Facts about the machine and the process, for provenance only; no computation uses them.
package enum Host {
  /// Name of the host.
  package static var name: String { field(of: systemNames(), \.nodename) }

  /// Name and release of the kernel.
  static var kernel: String {
    let names = systemNames()
    return field(of: names, \.sysname) + " " + field(of: names, \.release)
  }

  /// The processor's model name as the kernel reports it.
  package static var processor: String {
    guard let facts = try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8) else {
      return "unknown"
    }
    let line = facts.split(separator: "\n").first { $0.hasPrefix("model name") }
    let name = line?.split(separator: ":", maxSplits: 1).last
    return name?.trimmingCharacters(in: .whitespaces) ?? "unknown"
  }

  /// Physical memory in bytes.
  package static var memoryByteCount: Int { Int(ProcessInfo.processInfo.physicalMemory) }

  /// The process's user and system time in seconds.
  static var processorSeconds: Double {
    let usage = usage
    return seconds(usage.ru_utime) + seconds(usage.ru_stime)
  }

  /// The process's largest resident memory in bytes.
  static var peakResidentBytes: Int { usage.ru_maxrss * 1024 }

  private static func seconds(_ time: timeval) -> Double {
    Double(time.tv_sec) + Double(time.tv_usec) * 1e-6
  }

  private static var usage: rusage {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return usage
  }

  private static func systemNames() -> utsname {
    var names = utsname()
    uname(&names)
    return names
  }

  /// A field of `utsname`, which Swift imports as a tuple of characters.
  private static func field<Characters>(
    of names: utsname, _ path: KeyPath<utsname, Characters>
  ) -> String {
    withUnsafeBytes(of: names[keyPath: path]) {
      String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
    }
  }
}
