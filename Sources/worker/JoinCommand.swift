import ArgumentParser
import Console
import Doctor
import Foundation
import WorkerService

/// `worker --connect`: joins a coordinator and trains until told to stop.
struct JoinCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "join",
    abstract: "Joins a coordinator and trains until told to stop (the default).",
    discussion: """
      A worker may join and leave at any time. SIGTERM or Ctrl-C hands running trials back, with \
      their checkpoints, and ends it. Without a coordinator, running trials continue and \
      results wait on disk.

      Over a network the connection is encrypted, and this host must be enrolled once: run \
      `coordinator enroll --address HOST:PORT` where the coordinator runs, and the command it \
      prints here.
      """
  ).exiting()

  @Option(
    help: ArgumentHelp(
      "The coordinator, such as tcp://host:5750.", valueName: "endpoint"))
  var connect: String

  @Option(
    help: ArgumentHelp(
      "Trials at once: a number, or auto for one per core that this process may use.",
      discussion: """
        Counts the affinity, the cpuset and the quotas of the control groups. With auto, and without \
        --threads-per-slot, the coordinator gives trials several of these cores when there are \
        fewer trials than cores.
        """))
  var slots = "auto"

  @Option(
    help: ArgumentHelp(
      "Threads that compute each trial, whatever else the host could run; 1 if --slots is a number.",
      discussion: "--slots auto then counts one per so many cores. Results do not depend on it.",
      valueName: "n"))
  var threadsPerSlot: Int?

  @Option(help: ArgumentHelp("How many cores --slots auto leaves free.", valueName: "n"))
  var leave = 0

  @Option(
    help: ArgumentHelp(
      "Folder for images and unsent results.",
      discussion: "Without it: $XDG_CACHE_HOME/bottlenecksweep, or ~/.cache/bottlenecksweep.",
      valueName: "dir"))
  var cache: Folder?

  @Option(
    help: ArgumentHelp(
      "The size limit of the images in the cache, such as 500MB or 20GB, the default.",
      discussion: "The least recently used are deleted first, never those that trials are reading.",
      valueName: "size"))
  var cacheLimit: String?

  @Flag(help: "Exits when the coordinator has no more work, instead of waiting for another sweep.")
  var exitWhenIdle = false

  @Option(
    help: ArgumentHelp(
      "Exits after this long without a coordinator and without work.", valueName: "minutes"))
  var patience = 60

  @Option(
    help: ArgumentHelp(
      "Seconds between a trial's checkpoints; auto: as cheap as needed, 10 to 300.",
      valueName: "seconds"))
  var checkpointEvery = CheckpointEvery.automatic

  @Option(
    help: ArgumentHelp(
      "How long a stopped worker may take to hand back its trials; a second signal ends it at once.",
      valueName: "seconds"))
  var drainGrace = 60

  @OptionGroup var keys: KeysArguments

  @Flag(help: "Connects without encryption, to a coordinator that was started with --plain.")
  var plain = false

  @Flag(help: "Encrypts a connection to a loopback address too.")
  var curve = false

  @Flag(help: .hidden)
  var supervised = false

  @Flag(help: .hidden)
  var keysFromInput = false

  func validate() throws {
    // Before anything is computed with it.
    guard (0...9999).contains(leave) else {
      throw ValidationError("--leave: found \(leave), expected 0 to 9999 cores")
    }
    try threadsPerSlot.map { try TrialThreads.validate($0, option: "--threads-per-slot") }
    _ = try slotCount()
    _ = try cacheLimitByteCount()
    guard !(plain && curve) else {
      throw ValidationError("found both --plain and --curve, expected one of them")
    }
    guard (1...86_400).contains(drainGrace) else {
      throw ValidationError("--drain-grace: found \(drainGrace), expected 1 to 86400 seconds")
    }
    guard (1...1_000_000).contains(patience) else {
      throw ValidationError("--patience: found \(patience), expected 1 to 1000000 minutes")
    }
  }

  private func slotCount() throws -> Int {
    let maximum = Worker.slotCountMaximum
    if slots == "auto" {
      return min(max(1, (UsableCores.count - leave) / (threadsPerSlot ?? 1)), maximum)
    }
    guard let count = Int(slots), (1...maximum).contains(count) else {
      throw ValidationError("--slots: found \"\(slots)\", expected auto or 1 to \(maximum)")
    }
    return count
  }

  /// Cores are divided only if the user has said neither how many trials run at once nor how many
  /// threads they have.
  private var dividesCores: Bool { slots == "auto" && threadsPerSlot == nil }

  private func cacheLimitByteCount() throws -> Int? {
    guard let cacheLimit else { return nil }
    for (unit, factor) in [("MB", 1_000_000), ("GB", 1_000_000_000), ("TB", 1_000_000_000_000)]
    where cacheLimit.hasSuffix(unit) {
      if let count = Int(cacheLimit.dropLast(2)), (1...9999).contains(count) {
        return count * factor
      }
    }
    throw ValidationError(
      "--cache-limit: found \"\(cacheLimit)\", expected 1 to 9999 and MB, GB or TB, such as 20GB")
  }

  func run() throws {
    try Worker.run(
      Worker.Options(
        endpoint: connect, slots: try slotCount(), threadsPerSlot: threadsPerSlot ?? 1,
        dividesCores: dividesCores,
        cache: cache?.url, cacheLimit: try cacheLimitByteCount(), exitsWhenIdle: exitWhenIdle,
        patience: .seconds(60 * patience), checkpointInterval: checkpointEvery.interval,
        drainGrace: .seconds(drainGrace), isSupervised: supervised,
        access: keysFromInput
          ? .keysFromInput : .init(keys: keys.url, isPlain: plain, isEncrypted: curve)))
  }
}
