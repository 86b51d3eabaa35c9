import Doctor
import Testing

@Suite("How many cores a process may use")
struct UsableCoresTests {
  private static let status = "/proc/self/status"
  private static let groups = "/proc/self/cgroup"
  private static let mounts = "/proc/self/mountinfo"
  private static let unified =
    "30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n"
  private static let former =
    "33 32 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"

  private func count(_ files: [String: String], of machine: Int = 64) -> Int {
    UsableCores.limited(to: machine) { files[$0] }
  }

  @Test(
    "the affinity counts, and the machine where it cannot be read",
    arguments: [
      ("0", 1), ("0-7", 8), ("1,3,5-6", 4), ("0-63", 64), ("", 64), ("7-3", 64), ("a-b", 64),
      ("0-99999999999999999999", 64),
    ])
  func affinity(list: String, expected: Int) {
    #expect(count([Self.status: "Name:\tworker\nCpus_allowed_list:\t\(list)\n"]) == expected)
    #expect(count([:], of: 3) == 3)
  }

  @Test(
    "a quota of version 2 is rounded down, and is never less than one core",
    arguments: [
      ("max 100000", 64), ("200000 100000", 2), ("150000 100000", 1), ("10000 100000", 1),
      ("0 100000", 64), ("nonsense", 64), ("1e300 1", 64),
    ])
  func unified(quota: String, expected: Int) {
    let files = [
      Self.groups: "0::/work.slice/one.service\n", Self.mounts: Self.unified,
      "/sys/fs/cgroup/work.slice/one.service/cpu.max": quota + "\n",
    ]
    #expect(count(files) == expected)
  }

  @Test("the smallest quota of the groups around counts")
  func nested() {
    let files = [
      Self.groups: "0::/work.slice/one.service\n", Self.mounts: Self.unified,
      "/sys/fs/cgroup/work.slice/one.service/cpu.max": "800000 100000\n",
      "/sys/fs/cgroup/work.slice/cpu.max": "300000 100000\n",
    ]
    #expect(count(files) == 3)
  }

  @Test("a container sees its own part of the tree, at the root of what is mounted")
  func container() {
    let files = [
      Self.groups: "0::/\n", Self.mounts: Self.unified,
      "/sys/fs/cgroup/cpu.max": "400000 100000\n",
    ]
    #expect(count(files) == 4)
    let former = [
      Self.groups: "4:cpu,cpuacct:/docker/abc\n",
      Self.mounts: "33 32 0:29 /docker/abc /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct\n",
      "/sys/fs/cgroup/cpu/cpu.cfs_quota_us": "250000\n",
      "/sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
    ]
    #expect(count(former) == 2)
  }

  @Test("a quota of version 1, with -1 for none", arguments: [("-1", 64), ("600000", 6)])
  func former(quota: String, expected: Int) {
    let files = [
      Self.groups: "5:memory:/m\n4:cpu,cpuacct:/batch/1\n0::/\n", Self.mounts: Self.former,
      "/sys/fs/cgroup/cpu,cpuacct/batch/1/cpu.cfs_quota_us": quota + "\n",
      "/sys/fs/cgroup/cpu,cpuacct/batch/1/cpu.cfs_period_us": "100000\n",
    ]
    #expect(count(files) == expected)
  }

  @Test("this process may use one core at least")
  func here() {
    #expect(UsableCores.count >= 1)
  }
}
