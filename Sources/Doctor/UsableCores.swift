import Foundation

/// The number of processors that this process may use.
///
/// Besides the machine, it is limited by the affinity (`taskset`, Slurm), the cpuset of the control
/// group, and that group's CPU quota (containers, systemd's `CPUQuota=`). Sources:
/// `Cpus_allowed_list` in `/proc/self/status` for the first two, proc(5); the kernel's
/// `cgroup-v2.rst` and `sched-bwc.rst` for the quota.
package enum UsableCores {
  /// The count; at least 1.
  package static var count: Int {
    limited(to: ProcessInfo.processInfo.activeProcessorCount) {
      try? String(contentsOfFile: $0, encoding: .utf8)
    }
  }

  /// Processors that the affinity and the quotas allow; fractional quotas are rounded down.
  ///
  /// - Parameters:
  ///   - machine: Processors of the machine, used if the affinity cannot be read.
  ///   - read: Returns the text of a file; nil if there is none.
  package static func limited(to machine: Int, read: @escaping (String) -> String?) -> Int {
    let allowed = affinity(read("/proc/self/status") ?? "") ?? machine
    guard let quota = ControlGroups(read: read).processorQuota else { return max(1, allowed) }
    // Beyond any machine, so that the conversion cannot overflow.
    return max(1, min(allowed, Int(min(quota, 1e6))))
  }

  /// The number of processors in a list such as "0-3,8" in the status of a process.
  private static func affinity(_ status: String) -> Int? {
    let line = status.split(separator: "\n").first { $0.hasPrefix("Cpus_allowed_list:") }
    guard let list = line?.split(separator: ":").last else { return nil }
    var count = 0
    for range in list.split(separator: ",") {
      let ends = range.split(separator: "-").map {
        Int($0.trimmingCharacters(in: .whitespaces))
      }
      guard let first = ends.first ?? nil, let last = ends.last ?? nil, first <= last,
        last < 1 << 20
      else { return nil }
      count += last - first + 1
    }
    return count
  }
}

/// The control groups of this process, of both versions.
private struct ControlGroups {
  let read: (String) -> String?

  /// The smallest quota of all groups that the process is in, in processors; nil without any.
  var processorQuota: Double? {
    let lines = (read("/proc/self/cgroup") ?? "").split(separator: "\n")
    let quotas = lines.flatMap { line -> [Double] in
      // "0::/path" of version 2, "4:cpu,cpuacct:/path" of version 1.
      let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard parts.count == 3 else { return [] }
      if parts[0] == "0", parts[1].isEmpty {
        return folders(of: String(parts[2]), type: "cgroup2", option: nil).compactMap(unifiedQuota)
      }
      guard parts[1].split(separator: ",").contains("cpu") else { return [] }
      return folders(of: String(parts[2]), type: "cgroup", option: "cpu").compactMap(formerQuota)
    }
    return quotas.min()
  }

  /// `cpu.max` holds "max 100000" or quota and period in microseconds.
  private func unifiedQuota(of folder: String) -> Double? {
    let words = (read(folder + "/cpu.max") ?? "").split { $0.isWhitespace }
    guard words.count == 2 else { return nil }
    return ratio(String(words[0]), String(words[1]))
  }

  /// Version 1 has a file for each value; a quota of -1 means none.
  private func formerQuota(of folder: String) -> Double? {
    guard let quota = read(folder + "/cpu.cfs_quota_us"),
      let period = read(folder + "/cpu.cfs_period_us")
    else { return nil }
    return ratio(quota, period)
  }

  private func ratio(_ quota: String, _ period: String) -> Double? {
    guard let quota = Double(quota.trimmingCharacters(in: .whitespacesAndNewlines)),
      let period = Double(period.trimmingCharacters(in: .whitespacesAndNewlines)), quota > 0,
      period > 0
    else { return nil }
    return quota / period
  }

  /// The folders of a group and its parents, innermost first.
  private func folders(of group: String, type: String, option: String?) -> [String] {
    guard let mount = mount(type: type, option: option) else { return [] }
    // A container sees a subtree mounted as the root.
    var inner = group
    if mount.root != "/", group == mount.root || group.hasPrefix(mount.root + "/") {
      inner = String(group.dropFirst(mount.root.count))
    }
    var parts = inner.split(separator: "/").filter { $0 != ".." }
    var folders: [String] = []
    while !parts.isEmpty {
      folders.append(([mount.point] + parts.map(String.init)).joined(separator: "/"))
      parts.removeLast()
    }
    return folders + [mount.point]
  }

  /// The mount point of a hierarchy and the group mounted there: `proc(5)`, mountinfo.
  private func mount(type: String, option: String?) -> (root: String, point: String)? {
    for line in (read("/proc/self/mountinfo") ?? "").split(separator: "\n") {
      let fields = line.split(separator: " ")
      guard let separator = fields.firstIndex(of: "-"), separator + 3 < fields.count,
        fields.count > 5, fields[separator + 1] == type
      else { continue }
      if let option, !fields[separator + 3].split(separator: ",").contains(Substring(option)) {
        continue
      }
      return (Self.unescaped(fields[3]), Self.unescaped(fields[4]))
    }
    return nil
  }

  /// White space is escaped as a backslash and three octal digits.
  private static func unescaped(_ field: Substring) -> String {
    var bytes: [UInt8] = []
    var rest = Array(field.utf8)[...]
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "\\"), rest.count >= 3,
        let code = UInt8(String(decoding: rest.prefix(3), as: UTF8.self), radix: 8)
      {
        bytes.append(code)
        rest = rest.dropFirst(3)
      } else {
        bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
