import CSodium
import Enrolment
import Files
import Foundation
import Glibc
import Messaging

/// The checks of a host that both executables share.
extension Checkup {
  /// Checks the linked libraries: encryption, and refusal of unknown keys.
  package mutating func checkLibraries() {
    let version = Context.libraryVersion
    let parts = version.split(separator: ".").compactMap { Int($0) }
    if parts.lexicographicallyPrecedes([4, 3, 3]) {
      fault(
        "libzmq", "\(version), expected 4.3.3 or later: older ones have holes for strangers",
        remedy: "install the distribution's current libzmq5")
    } else {
      ok("libzmq", version)
    }
    ok("libsodium", String(cString: sodium_version_string()))
    guard SocketSecurity.hasCurve else {
      let error = AccessError.noCurve
      fault("encryption", error.reason, remedy: error.remedy)
      return
    }
    do {
      try Self.proveRefusal()
      ok("encryption", "CURVE; a key made up for a test was refused, as it should be")
    } catch {
      fault("encryption", "\(error)", remedy: "install the distribution's current libzmq5")
    }
  }

  /// Sets up a server that admits nobody, and tests that it does not.
  private static func proveRefusal() throws {
    let context = try Context()
    let desk = try AdmissionDesk(context) { _ in .refuse }
    defer { desk.close() }
    let keys = try CurveKeyPair.generate()
    let router = try RouterSocket(
      context, options: .control.with(.curveServer(keys, domain: "doctor")))
    let endpoint = try router.bind(to: "tcp://127.0.0.1:*")
    try AdmissionProof.check(context, endpoint: endpoint, server: keys.publicKey)
  }

  /// Checks that the clock is plausible; comparison with a coordinator's clock is done elsewhere.
  package mutating func checkClock() {
    let now = Date()
    let text = now.formatted(.iso8601)
    // 2025-01-01: before this program was written.
    if now.timeIntervalSince1970 < 1_735_689_600 {
      fault("clock", text, remedy: "set the clock: timedatectl set-ntp true")
    } else {
      ok("clock", text)
    }
  }

  /// Checks the free space of a folder, or of its nearest existing parent.
  ///
  /// - Parameters:
  ///   - needed: Bytes below which it is a fault.
  ///   - wanted: Bytes below which it is a warning.
  package mutating func checkDisk(
    _ folder: URL, topic: String, needed: Int = 1 << 30, wanted: Int = 10 << 30
  ) {
    var existing = folder.standardizedFileURL
    while !FileManager.default.fileExists(atPath: existing.path), existing.path != "/" {
      existing.deleteLastPathComponent()
    }
    guard access(existing.path, W_OK | X_OK) == 0 else {
      fault(
        topic, "\(existing.path) cannot be written to: \(String(cString: strerror(errno)))",
        remedy: "give another folder, or see to its owner and mode")
      return
    }
    let free: Int
    do {
      free = try FreeSpace.byteCount(at: existing.path)
    } catch {
      fault(topic, "\(error)", remedy: "see to the file system")
      return
    }
    let found = "\(folder.path): \(Self.size(free)) free"
    if free < needed {
      fault(
        topic, "\(found), expected \(Self.size(needed)) or more", remedy: "make room on the disk")
    } else if free < wanted {
      warn(topic, found, remedy: "long sweeps and checkpoints want \(Self.size(wanted)) or more")
    } else {
      ok(topic, found)
    }
  }

  /// Checks the limit of open files and connections.
  package mutating func checkOpenFiles(needed: Int) {
    var limit = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    let hard = Int(clamping: UInt64(limit.rlim_max))
    if hard < needed {
      warn(
        "open files", "at most \(hard)",
        remedy: "raise the limit to \(needed) or more: ulimit -Hn, or LimitNOFILE= of the unit")
    } else {
      ok("open files", "at most \(hard)")
    }
  }

  /// Checks that only this user can read the keys.
  ///
  /// - Returns: Whether the keys can be used.
  package mutating func checkKeyFolder(_ folder: KeyFolder) -> Bool {
    do throws(AccessError) {
      try folder.check()
    } catch {
      fault("keys", error.reason, remedy: error.remedy)
      return false
    }
    return true
  }

  private static func size(_ bytes: Int) -> String {
    bytes >= 10 << 30 ? "\(bytes >> 30) GiB" : "\(bytes >> 20) MiB"
  }
}
