import Digests
import Files
import Foundation
import Glibc
import Logging
import Messaging
import Narrowing
import Primitives
import Supervision
import Trials
import Wire

/// `worker`: joins a coordinator and trains until told to stop.
package enum Worker {
  /// Most trials at once: half of the claims that fit into a message, since as many finished
  /// results may wait for acknowledgement.
  package static let slotCountMaximum = WireLimits.claimCount / 2

  /// How a worker runs.
  package struct Options: Sendable {
    var endpoint: String
    var slots: Int
    var cores: WorkerCores
    var cache: URL
    var cacheLimit: Int
    var exitsWhenIdle: Bool
    var patience: Duration
    var checkpointInterval: CheckpointInterval
    var drainGrace: Duration
    var isSupervised: Bool
    var access: WorkerAccess

    /// The options of a worker.
    ///
    /// - Parameters:
    ///   - endpoint: The coordinator's control endpoint.
    ///   - slots: Trials at once.
    ///   - threadsPerSlot: Threads per trial. Results do not depend on it.
    ///   - dividesCores: Whether instead the coordinator divides as many cores as there are slots
    ///     among the trials.
    ///   - cache: Folder for images and unsent results; nil for the standard one.
    ///   - cacheLimit: Size limit of the images in it, in bytes; nil for the standard limit.
    ///   - exitsWhenIdle: Whether it exits when the sweep ends.
    ///   - patience: How long it waits for a coordinator while idle.
    ///   - checkpointInterval: How often a trial writes checkpoints.
    ///   - drainGrace: How long it may take to hand back its trials when it is stopped.
    ///   - isSupervised: Whether it exits when its standard input closes.
    ///   - access: How it connects.
    package init(
      endpoint: String, slots: Int, threadsPerSlot: Int = 1, dividesCores: Bool = false,
      cache: URL?, cacheLimit: Int?,
      exitsWhenIdle: Bool,
      patience: Duration, checkpointInterval: CheckpointInterval = .adaptive,
      drainGrace: Duration = .seconds(60), isSupervised: Bool, access: WorkerAccess
    ) {
      self.endpoint = endpoint
      self.slots = slots
      cores =
        dividesCores
        ? .divisible(count: slots, limit: SingleTrial.maximumThreads)
        : .fixed(threads: threadsPerSlot)
      self.cache = Self.cache(cache)
      self.cacheLimit = cacheLimit ?? ImageCache.standardLimit
      self.exitsWhenIdle = exitsWhenIdle
      self.patience = patience
      self.checkpointInterval = checkpointInterval
      self.drainGrace = drainGrace
      self.isSupervised = isSupervised
      self.access = access
    }

    /// The chosen folder, or the standard one.
    static func cache(_ chosen: URL?) -> URL { chosen ?? UserFolders().cache }
  }

  /// The host part of a worker's name: the host's name with invalid characters replaced by hyphens,
  /// or `host` if nothing is left.
  package static func nameStem(of host: String) -> String {
    let allowed = host.unicodeScalars.prefix(64).map { scalar in
      let isPlain = scalar.isASCII && (scalar.properties.isAlphabetic || ("0"..."9") ~= scalar)
      return isPlain || "._-".unicodeScalars.contains(scalar) ? Character(scalar) : "-"
    }
    let stem = String(allowed.drop { "._-".contains($0) })
    return stem.isEmpty ? "host" : stem
  }

  /// Runs until the sweep ends, somebody stops it, or patience runs out.
  ///
  /// - Throws: an error if something cannot be opened; ``WorkerError`` if refused.
  package static func run(_ options: Options) throws {
    var console = Logger(label: "worker")
    // A supervised worker's coordinator logs the same messages already.
    if options.isSupervised { console.logLevel = .warning }
    let log = LogForwarder()
    let logger = log.logger(besides: console)
    let name =
      "\(nameStem(of: Host.name))-\(getpid())-"
      + UInt64.random(in: 0 ... .max).hexadecimal.prefix(8)
    try InstructionSet.checkLimit()
    try OpenFileLimit.require(32 + 4 * options.slots)
    // Read the keys first, since they may come from standard input.
    let security = try options.access.security(for: try Endpoint(connectingTo: options.endpoint))
    let inbox = try Inbox<WorkerEvent>()
    let signals = StopSignals(inbox, endsWithInput: options.isSupervised)
    defer { withExtendedLifetime(signals) {} }
    let shell = try WorkerShell(
      options, name: name, security: security, inbox: inbox, logger: logger, log: log)
    switch try shell.run() {
    case .sweepEnded, .stopped, .abandoned: return
    case .refused(let reason): throw WorkerError.refused(reason)
    }
  }
}

/// Why a worker could not continue.
package enum WorkerError: Error, CustomStringConvertible {
  /// The coordinator refused it.
  case refused(String)

  package var description: String {
    switch self {
    case .refused(let reason): "refused by the coordinator: \(reason)"
    }
  }
}
