import Foundation

/// The kind of a directory's file system, as named by the kernel (`ext4`, `nfs4`).
enum FileSystemKind {
  /// Network file systems, and FUSE file systems that may use a network.
  private static let networkKinds: Set<String> = [
    "9p", "afs", "beegfs", "ceph", "cifs", "coda", "fhgfs", "fuse.ceph", "fuse.gcsfuse",
    "fuse.glusterfs", "fuse.rclone", "fuse.s3fs", "fuse.sshfs", "gfs2", "glusterfs", "gpfs",
    "lustre", "ncpfs", "nfs", "nfs4", "ocfs2", "orangefs", "smb2", "smb3", "smbfs", "wekafs",
  ]

  /// The network file system of a directory; nil on a local disk or if unknown.
  static func networkKind(ofDirectory path: String) -> String? {
    var status = stat()
    guard stat(path, &status) == 0,
      let mounts = try? String(contentsOfFile: "/proc/self/mountinfo", encoding: .utf8)
    else { return nil }
    let device = UInt64(status.st_dev)
    let major = (device >> 8 & 0xfff) | (device >> 32 & 0xffff_f000)
    let minor = (device & 0xff) | (device >> 12 & 0xffff_ff00)
    return kind(ofDevice: "\(major):\(minor)", inMounts: mounts)
      .flatMap { networkKinds.contains($0) ? $0 : nil }
  }

  /// The kind of a device's file system in the text of `/proc/self/mountinfo`.
  ///
  /// A line is `36 35 98:0 /root /point options [tags] - kind source options`.
  static func kind(ofDevice device: String, inMounts text: String) -> String? {
    for line in text.split(separator: "\n") {
      let words = line.split(separator: " ")
      guard words.count > 2, words[2] == device, let dash = words.firstIndex(of: "-"),
        dash + 1 < words.count
      else { continue }
      return String(words[dash + 1])
    }
    return nil
  }
}
