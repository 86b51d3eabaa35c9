import Doctor
import Enrolment
import Foundation
import Messaging
import Trials
import Wire

/// `coordinator doctor`: checks whether this host can run a coordinator.
package enum CoordinatorDoctor {
  /// The options of the coordinator to check for.
  package struct Options: Sendable {
    var keys: URL?
    var listen: String?
    var out: URL?
    var isPlain: Bool

    /// The options of a later `coordinator run`.
    package init(keys: URL?, listen: String?, out: URL?, isPlain: Bool) {
      self.keys = keys
      self.listen = listen
      self.out = out
      self.isPlain = isPlain
    }
  }

  /// Runs all checks.
  ///
  /// - Throws: `EndpointError` if the endpoint is invalid, ``AdministrationError`` if the sweep
  ///   that runs in the folder does not answer.
  package static func examine(_ options: Options) throws -> Checkup {
    let running = try options.out.flatMap { try RunningSweep.endpoint(in: $0) }
    let endpoint =
      try options.listen.map { try Endpoint($0) } ?? running ?? ListeningPlaces.standard
    var checkup = Checkup()
    checkup.ok("version", "\(ProductVersion.current), protocol \(ProtocolVersion.current)")
    checkup.checkLibraries()
    checkup.checkClock()
    checkup.checkOpenFiles(needed: 4096)
    checkup.checkDisk(
      options.out ?? URL(filePath: FileManager.default.currentDirectoryPath), topic: "disk")
    if let running, running.port == endpoint.port {
      checkup.ok("port", "\(running) serves the sweep in \(options.out?.relativePath ?? "")")
    } else {
      checkPorts(endpoint, &checkup)
    }
    checkKeys(KeyFolder(options.keys), isNeeded: !endpoint.isLocal && !options.isPlain, &checkup)
    return checkup
  }

  private static func checkPorts(_ endpoint: Endpoint, _ checkup: inout Checkup) {
    let places: ListeningPlaces
    do throws(EndpointError) {
      places = try ListeningPlaces(listen: "\(endpoint)", hasLocalWorkers: false)
    } catch {
      checkup.fault("port", "\(error)", remedy: "give a lower port to --listen")
      return
    }
    for (role, endpoint) in places.all {
      let topic = role == .control ? "port" : "data port"
      do {
        try ListenError.explain(role, endpoint) {
          _ = try RouterSocket(try Context()).bind(to: endpoint.description)
        }
        checkup.ok(topic, "\(endpoint) is free")
      } catch let error as ListenError {
        checkup.fault(topic, error.found, remedy: error.remedy)
      } catch {
        checkup.fault(topic, "\(error)", remedy: "see that this host has files and memory left")
      }
    }
  }

  private static func checkKeys(
    _ folder: KeyFolder, isNeeded: Bool, _ checkup: inout Checkup
  ) {
    guard checkup.checkKeyFolder(folder) else { return }
    do throws(AccessError) {
      if let keys = try folder.keys(of: .coordinator) {
        checkup.ok("keys", "\(folder.url.path): public key \(keys.publicKey)")
      } else if isNeeded {
        checkup.warn(
          "keys", "\(folder.url.path): none yet",
          remedy: "`coordinator key` makes them, and so does the first run")
      } else {
        checkup.ok("keys", "none, and none needed at a loopback address")
      }
      let list = try folder.allowList()
      let admitted = list.entries.count { $0.revoked == nil }
      let found = "\(admitted) admitted, \(list.entries.count - admitted) revoked"
      if admitted == 0, isNeeded {
        checkup.warn(
          "workers", found,
          remedy: "`coordinator enroll --address HOST:PORT` prints the command for a worker's host")
      } else {
        checkup.ok("workers", found)
      }
    } catch {
      checkup.fault("keys", error.reason, remedy: error.remedy)
    }
  }
}
