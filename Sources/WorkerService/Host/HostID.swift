import Digests
import Foundation

/// Distinguishes this host from others of the same name.
package enum HostID {
  /// The initial UTS namespace in `/proc`; containers have others.
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
  /// The machine id is kept across reboots, and so is the host's record. A container may have the
  /// machine id of its image or of its host, or none, so its namespace is used, which lasts as long
  /// as the container. The ids are hashed, since they must not be exposed: machine-id(5).
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
    // On the first start of an image the text is "uninitialized".
    return trimmed.count == 32 || trimmed.count == 36 ? trimmed : nil
  }
}
