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
  /// The most trials at once: half of what one message can claim, for as many finished results may
  /// wait to be acknowledged.
  package static let slotCountMaximum = WireLimits.claimCount / 2

  /// How a worker runs.
  package struct Options: Sendable {
    var endpoint: String
    var slots: Int
    var threadsPerSlot: Int
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
    ///   - threadsPerSlot: Threads of each; no result depends on it.
    ///   - cache: Folder for images and unsent results; nil for the standard one.
    ///   - cacheLimit: How large the images in it may grow, in bytes; nil for the standard limit.
    ///   - exitsWhenIdle: Whether it ends with the sweep.
    ///   - patience: How long it waits, idle, for a coordinator.
    ///   - checkpointInterval: How often a trial writes checkpoints.
    ///   - drainGrace: How long it may take to hand its trials back when it is stopped.
    ///   - isSupervised: Whether it ends when its standard input does.
    ///   - access: How it connects.
    package init(
      endpoint: String, slots: Int, threadsPerSlot: Int = 1, cache: URL?, cacheLimit: Int?,
      exitsWhenIdle: Bool,
      patience: Duration, checkpointInterval: CheckpointInterval = .adaptive,
      drainGrace: Duration = .seconds(60), isSupervised: Bool, access: WorkerAccess
    ) {
      self.endpoint = endpoint
      self.slots = slots
      self.threadsPerSlot = threadsPerSlot
      self.cache = Self.cache(cache)
      self.cacheLimit = cacheLimit ?? ImageCache.standardLimit
      self.exitsWhenIdle = exitsWhenIdle
      self.patience = patience
      self.checkpointInterval = checkpointInterval
      self.drainGrace = drainGrace
      self.isSupervised = isSupervised
      self.access = access
    }

    /// The folder that was asked for, or the standard one.
    static func cache(_ chosen: URL?) -> URL { chosen ?? UserFolders().cache }
  }

  /// The part of a worker's name that says where it is: the host's name with a hyphen for every
  /// character that an identifier cannot have, `host` where nothing is left.
  package static func nameStem(of host: String) -> String {
    let allowed = host.unicodeScalars.prefix(64).map { scalar in
      let isPlain = scalar.isASCII && (scalar.properties.isAlphabetic || ("0"..."9") ~= scalar)
      return isPlain || "._-".unicodeScalars.contains(scalar) ? Character(scalar) : "-"
    }
    let stem = String(allowed.drop { "._-".contains($0) })
    return stem.isEmpty ? "host" : stem
  }

  /// Runs until the sweep ends, somebody asks for the end, or patience runs out.
  ///
  /// - Throws: the error of whatever cannot be opened; ``WorkerError`` when refused.
  package static func run(_ options: Options) throws {
    var console = Logger(label: "worker")
    // The coordinator beside a supervised worker tells people the same already.
    if options.isSupervised { console.logLevel = .warning }
    let log = LogForwarder()
    let logger = log.logger(besides: console)
    let name =
      "\(nameStem(of: Host.name))-\(getpid())-"
      + UInt64.random(in: 0 ... .max).hexadecimal.prefix(8)
    try InstructionSet.checkLimit()
    try OpenFileLimit.require(32 + 4 * options.slots)
    // Before anything else reads standard input, where the keys may come from.
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

/// Why a worker could not go on.
package enum WorkerError: Error, CustomStringConvertible {
  /// The coordinator does not work with it.
  case refused(String)

  package var description: String {
    switch self {
    case .refused(let reason): "refused by the coordinator: \(reason)"
    }
  }
}
