import Digests
import Foundation

/// Tells this host from others of the same name.
package enum HostID {
  /// The number of the host's own namespace of names in `/proc`; containers have others.
  ///
  /// Source: the kernel's `PROC_UTS_INIT_INO`.
  private static let ownNamespace = "uts:[4026531838]"

  /// The id of this host: 8 hexadecimal digits.
  package static var current: String {
    of(
      machine: text("/etc/machine-id") ?? text("/var/lib/dbus/machine-id"),
      boot: text("/proc/sys/kernel/random/boot_id"),
      namespace: try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/uts"))
  }

  /// The id of a host.
  ///
  /// The machine's own id stays the same when it starts again, and so does what is recorded of the
  /// host. A container may have the id of the image that it was made from, or of the machine
  /// beneath, or none; it is known by its namespace as long as it lives. The ids are hashed, for
  /// they are not to be shown to strangers: machine-id(5).
  package static func of(machine: String?, boot: String?, namespace: String?) -> String {
    let isMachine = namespace == nil || namespace == ownNamespace
    let parts =
      isMachine && machine != nil
      ? [machine] : [machine, boot, namespace]
    let text = "bottlenecksweep host\n" + parts.map { $0 ?? "" }.joined(separator: "\n")
    return String("\(Digest.of(text))".prefix(8))
  }

  private static func text(_ path: String) -> String? {
    let text = try? String(contentsOfFile: path, encoding: .utf8)
    let trimmed = text?.trimmingCharacters(in: .whitespacesAndNewlines) ?? ""
    // "uninitialized" on an image's first start.
    return trimmed.count == 32 || trimmed.count == 36 ? trimmed : nil
  }
}
