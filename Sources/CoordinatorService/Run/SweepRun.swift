import Console
import Coordination
import Datasets
import Digests
import Files
import Foundation
import Images
import Logging
import Messaging
import Reports
import Store
import Sweeps
import Transfers
import Trials

/// `coordinator run`: everything around the loop.
package enum SweepRun {
  /// What to run and where.
  package struct Options: Sendable {
    var request: SweepRequest
    var outFolder: URL
    var listen: String?
    var localWorkers: Int
    var retryFailed: Bool
    var access: CoordinatorAccess.Options
    var assumesYes: Bool
    var reuse: [URL]
    var reusesAnyBuild: Bool
    var printsLines: Bool
    var events: URL?
    var startsDashboard: Bool

    /// Whether only the workers started with this run can join.
    var hasLocalWorkersOnly: Bool { listen == nil && localWorkers > 0 }

    /// The options of one run.
    ///
    /// - Parameters:
    ///   - request: The sweep.
    ///   - outFolder: Where its record and its outputs are.
    ///   - listen: The control endpoint; nil for loopback.
    ///   - localWorkers: How many worker processes to start here.
    ///   - retryFailed: Whether trials that failed in an earlier run are retried.
    ///   - assumesYes: Whether a changed sweep file is accepted without asking.
    ///   - reuse: Folders of sweeps whose results are reused.
    ///   - reusesAnyBuild: Whether results of other releases are reused too.
    ///   - printsLines: Whether to print lines on a terminal instead of the live display.
    ///   - events: The file for a line per event; nil for none.
    ///   - startsDashboard: Whether the program that shows the sweep in a browser is started.
    ///   - keys: The key folder; nil for the standard one.
    ///   - isPlain: Whether connections over the network are neither encrypted nor authenticated.
    ///   - isEncrypted: Whether connections on this machine are encrypted too.
    package init(
      request: SweepRequest, outFolder: URL, listen: String?, localWorkers: Int,
      retryFailed: Bool, assumesYes: Bool, reuse: [URL] = [], reusesAnyBuild: Bool = false,
      printsLines: Bool = false, events: URL? = nil, startsDashboard: Bool = false, keys: URL?,
      isPlain: Bool, isEncrypted: Bool
    ) {
      self.request = request
      self.outFolder = outFolder
      self.listen = listen
      self.localWorkers = localWorkers
      self.retryFailed = retryFailed
      access = CoordinatorAccess.Options(keys: keys, isPlain: isPlain, isEncrypted: isEncrypted)
      self.assumesYes = assumesYes
      self.reuse = reuse
      self.reusesAnyBuild = reusesAnyBuild
      self.printsLines = printsLines
      self.events = events
      self.startsDashboard = startsDashboard
    }
  }

  /// How a run ended.
  package enum Outcome: Sendable {
    /// Every trial has its result.
    case complete
    /// Every trial has ended, some without a result.
    case someFailed
    /// A person stopped it.
    case interrupted

    /// The process's exit code.
    package var exitReason: ExitReason {
      switch self {
      case .complete: .done
      case .someFailed: .trialsFailed
      case .interrupted: .stopped
      }
    }
  }

  /// Runs or resumes a sweep until it ends or a person stops it.
  ///
  /// - Throws: an error if something cannot be read, opened or bound. The record stays intact.
  ///   ``UnwrittenOutputs`` if the sweep is complete and an output could not be written.
  package static func perform(_ options: Options) throws -> Outcome {
    let logger = Logger(label: "coordinator")
    let places = try ListeningPlaces(
      listen: options.listen, hasLocalWorkers: options.localWorkers > 0)
    try OpenFileLimit.require(128 + 4 * options.localWorkers)
    let dashboardExecutable = options.startsDashboard ? try LocalDashboard.executable() : nil
    let (plan, images, store, coordinator, blobs) = try takeUp(options, logger: logger)
    let context = try Context()
    let access = try CoordinatorAccess(
      context, endpoint: places.control, options: options.access, logger: logger)
    defer { access.close() }
    var gateway = try ListenError.explain(.control, places.control) {
      try ControlGateway(context, endpoint: places.control, access: access, logger: logger)
    }
    let archives = FileRegistry()
    for archive in images.values { archives.register(archive.url, as: archive.digest) }
    let ledger = BlobLedger(byteCountPerTrial: DiskSpace.unrecordedByteCountMaximum(of: plan))
    let dataPlace = places.data(besides: gateway.endpoint)
    let server = try ListenError.explain(.data, dataPlace) {
      try BlobServer(
        context, endpoint: dataPlace.description, store: blobs, files: archives, ledger: ledger,
        options: access.protected(.data), admits: access.admits)
    }
    defer { server.stop() }
    try access.prove(context, at: [gateway.boundEndpoint, try Endpoint(server.endpoint)])
    let facts = SweepFacts(
      sweepID: try store.identity(), plan: plan, dataPort: try Endpoint(server.endpoint).port ?? 0,
      hasLocalWorkersOnly: options.hasLocalWorkersOnly, images: images)
    gateway.introduce(sweep: plan.name, dataPort: facts.dataPort)

    let reader = try store.reader()
    let outputs = SweepOutputs(
      folder: options.outFolder, reader: reader, blobs: blobs, logger: logger)
    let publisher = ReportPublisher(logger: logger) {
      // Do not write outputs if the record has been moved away.
      try store.requireInPlace()
      try outputs.write()
    }
    let events = try options.events.map {
      try EventFile($0.path, of: try store.reader(), logger: logger)
    }
    defer { events?.close() }
    let dashboard = try dashboardExecutable.map {
      try LocalDashboard($0, folder: options.outFolder)
    }
    defer { dashboard?.stop() }
    let display = options.printsLines ? nil : SweepDisplay()
    defer { display?.close() }
    let localWorkers = try startLocalWorkers(
      options, endpoint: gateway.boundEndpoint, access: access)
    let interruptions = try Inbox<SweepLoop.Interruption>()
    let signals = Interruptions(interruptions)
    defer { withExtendedLifetime(signals) {} }
    // Whoever reads this line may send a signal at once.
    logger.notice(
      "sweep \(plan.name): \(plan.trials.count) trials; workers connect to \(gateway.endpoint)")
    let administration = try AdministrationServer(folder: options.outFolder)
    defer { administration.stop() }

    let desk = AdministrationDesk(
      // Who asks may stand in another folder.
      plan: plan, folder: options.outFolder.path, endpoint: "\(gateway.endpoint)",
      workerCommand: WorkerHint.command(
        endpoint: gateway.endpoint, isEncrypted: access.gatekeeper != nil),
      salvage: try reader.salvage().map { "\($0)" }, names: facts.names)
    // Not earlier, since it occupies the reader of a large sweep for a second.
    publisher.request()
    var loop = SweepLoop(
      coordinator: coordinator, gateway: gateway, facts: facts, store: store, blobs: blobs,
      logs: LogFolder(
        folder: options.outFolder.appending(path: "logs"), blobs: blobs, logger: logger),
      accounts: BlobAccounts(ledger, blobs: blobs, store: store, logger: logger),
      storage: StorageWatch(store: store, blobs: blobs, server: server, logger: logger),
      desk: desk, display: display,
      hint: options.hasLocalWorkersOnly
        ? nil
        : WorkerHint(
          endpoint: gateway.endpoint, isEncrypted: access.gatekeeper != nil,
          folder: options.outFolder, keys: options.access.keys),
      logger: logger)
    let ending: SweepLoop.Ending
    do {
      ending = try loop.run(
        interruptions: interruptions, administration: administration,
        localWorkers: localWorkers,
        recorded: { publisher.request() })
    } catch {
      localWorkers?.stop()
      publisher.close()
      guard let stop = error as? StoppedWhileHeld else { throw error }
      logger.warning("\(stop)")
      return .interrupted
    }
    localWorkers?.awaitEnd()
    display?.close()
    publisher.close()
    let unwritten = try outputs.write()
    TerminalText.show(try outputs.summary())
    switch ending {
    case .finished(.complete), .finished(.completeWithFailures):
      try tidy(blobs, plan, store, logger: logger)
    case .finished, .detached: break
    }
    let outcome = Outcome(ending)
    if case .complete = outcome, let unwritten { throw unwritten }
    return outcome
  }

  /// Removes blobs that a finished sweep no longer needs; failures are only logged.
  private static func tidy(
    _ blobs: BlobStore, _ plan: SweepPlan, _ store: SweepStore, logger: Logger
  ) throws {
    let (journal, orphans) = (try store.journal(), try store.orphanedFiles())
    let room = CoordinationSettings(limits: plan.limits).keptCheckpointByteCount
    do {
      try BlobHousekeeping.tidy(
        blobs, plan, journal, orphans: orphans, keptCheckpointByteCount: room)
    } catch {
      logger.warning("files that no record names stay: \(error)")
    }
  }

  // MARK: - Taking up a sweep

  private typealias Taken = (
    plan: SweepPlan, images: [Dataset: SweepFacts.PinnedImages], store: SweepStore,
    coordinator: Coordinator, blobs: BlobStore
  )

  /// Plans the sweep, opens or creates its record, and replays it into a coordinator.
  private static func takeUp(_ options: Options, logger: Logger) throws -> Taken {
    let plan = try options.request.plan()
    // Check this before creating anything: a folder without a record is probably a typing error.
    let reusable = try ReusableResults(folders: options.reuse, anyBuild: options.reusesAnyBuild)
    let images = try ImageSupply.provide(
      Set(plan.trials.map(\.configuration.dataset)), folder: options.request.dataFolder,
      logger: logger)
    try PlanDefects.refuse(
      in: plan,
      images: images.mapValues {
        .init(training: $0.trainingCount, evaluation: $0.evaluationCount)
      })
    try OutFolder.require(options.outFolder, sweepFile: options.request.file)
    let text = try options.request.text()
    let store = try RecordHold.waitingWhileBusy(logger) {
      try SweepStore.open(directory: options.outFolder, plan: plan, sweepText: text) {
        options.assumesYes || PlanQuestion.isAgreed($0, sweep: plan.name)
      }
    }
    if store.isLogRewritten {
      logger.notice("results.log was missing and has been rewritten from the database")
    }
    // Both take long for a large sweep, so they run in parallel.
    let journal = BackgroundTask { try store.journal() }
    let summary = PlanSummary(plan, trainingImageCounts: images.mapValues(\.trainingCount))
    try DiskSpace.check(options.outFolder, for: summary, logger: logger)
    var coordinator = begin(
      plan, summary, orphanedRuns: try orphanedRuns(of: plan, store), options: options)
    let blobs = try BlobStore(folder: options.outFolder.appending(path: "blobs"))
    // Must end before clients can upload. Runs in parallel with the replay, since both take long
    // for a large sweep.
    let tidying = BackgroundTask {
      try BlobHousekeeping.begin(
        blobs, plan, try journal.value(), orphans: try store.orphanedFiles())
    }
    try replay(journal, in: &coordinator, plan, images: images, store: store, logger: logger)
    do {
      try tidying.value()
    } catch let error as TransferError {
      logger.warning("files that no record names stay: \(error)")
    }
    if !options.reuse.isEmpty {
      try ResultReuse(
        results: reusable, images: images.mapValues(\.digest),
        blobs: blobs, logger: logger
      ).perform(in: &coordinator, plan, store: store)
    }
    return (plan, images, store, coordinator, blobs)
  }

  /// Creates a coordinator with an empty journal.
  private static func begin(
    _ plan: SweepPlan, _ summary: PlanSummary, orphanedRuns: [TrialID: OrphanedRun],
    options: Options
  ) -> Coordinator {
    var settings = CoordinationSettings(limits: plan.limits)
    settings.retryFailed = options.retryFailed
    // Local workers ended with the coordinator that started them, so no worker can reconnect.
    settings.isOpen = !options.hasLocalWorkersOnly
    if options.hasLocalWorkersOnly { settings.resumeGrace = .zero }
    let trials = summary.trials
    return Coordinator(
      plan: plan.trials,
      expectedCost: Dictionary(uniqueKeysWithValues: trials.map { ($0.id, $0.seconds) }),
      expectedSteps: Dictionary(uniqueKeysWithValues: trials.map { ($0.id, $0.steps) }),
      orphanedRuns: orphanedRuns, settings: settings)
  }

  /// For each planned trial, the longest complete run of an earlier plan that it can resume from.
  private static func orphanedRuns(
    of plan: SweepPlan, _ store: SweepStore
  ) throws -> [TrialID: OrphanedRun] {
    let orphans = try store.orphanedRuns()
    guard !orphans.isEmpty else { return [:] }
    let bySeed = Dictionary(grouping: orphans, by: \.configuration.seed)
    var runs: [TrialID: OrphanedRun] = [:]
    for trial in plan.trials {
      runs[trial.id] =
        (bySeed[trial.configuration.seed] ?? [])
        .filter { trial.configuration.canExtend($0.configuration) }
        .max { $0.run.checkpoint.step < $1.run.checkpoint.step }?.run
    }
    return runs
  }

  /// Replays the journal and pins every data set to its archive.
  private static func replay(
    _ journal: BackgroundTask<[JournalRecord]>, in coordinator: inout Coordinator,
    _ plan: SweepPlan,
    images: [Dataset: SweepFacts.PinnedImages], store: SweepStore, logger: Logger
  ) throws {
    if !store.change.isEmpty { logger.notice("the sweep has changed: \(store.change)") }
    let journal = try journal.value()
    var pinned: [Dataset: Digest] = [:]
    for case .imagesPinned(let dataset, let digest) in journal { pinned[dataset] = digest }
    var news: [JournalRecord] = []
    for (dataset, archive) in images.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
      guard let digest = pinned[dataset] else {
        news.append(.imagesPinned(dataset: dataset, digest: archive.digest))
        continue
      }
      guard digest == archive.digest else {
        throw RunError.imagesChanged(
          dataset: dataset, recorded: digest, found: archive.digest, url: archive.url)
      }
    }
    let limits = journal.limits
    if limits != plan.limits {
      news.append(.limitsSet(plan.limits))
      if let limits {
        logger.notice("the limits have changed: \(plan.limits.changes(since: limits))")
      }
    }
    try RecordHold.waitingWhileBusy(logger) { try store.append(news) }

    for record in journal + news { try coordinator.replay(record) }
  }

  // MARK: - Local workers

  private static func startLocalWorkers(
    _ options: Options, endpoint: Endpoint, access: CoordinatorAccess
  ) throws -> LocalWorkers? {
    guard options.localWorkers > 0 else { return nil }
    let executable = SiblingProgram.url("worker")
    guard FileManager.default.isExecutableFile(atPath: executable.path) else {
      throw RunError.workerMissing(executable)
    }
    return try LocalWorkers(
      count: options.localWorkers, executable: executable,
      endpoint: endpoint.reachableHere.description, credentials: access.makeLocalCredentials())
  }
}

extension SweepRun.Outcome {
  /// The outcome for an ending of the loop.
  fileprivate init(_ ending: SweepLoop.Ending) {
    switch ending {
    case .finished(.complete): self = .complete
    case .finished(.completeWithFailures), .finished(.failureLimitReached), .finished(.paused):
      self = .someFailed
    case .finished(.stopped), .detached: self = .interrupted
    }
  }
}

/// Why a run cannot start.
enum RunError: Error, CustomStringConvertible {
  /// The archive of a data set is not the one that earlier results were made from.
  case imagesChanged(dataset: Dataset, recorded: Digest, found: Digest, url: URL)
  /// All workers ended by themselves, and only local ones can join.
  case localWorkersEnded
  /// The dashboard's executable is missing from the coordinator's folder.
  case dashboardMissing(URL)
  /// The worker's executable is missing from the coordinator's folder.
  case workerMissing(URL)

  var description: String {
    switch self {
    case .imagesChanged(let dataset, let recorded, let found, let url):
      """
      \(url.path): found images \(found), expected \(recorded), on which this sweep's results of \
      \(dataset.name) were trained; use the same archive, or another --out
      """
    case .localWorkersEnded:
      "all local workers ended by themselves; their messages are above, and the same command resumes"
    case .dashboardMissing(let url):
      """
      \(url.path): not found; --dashboard expects `dashboard` beside `coordinator`, which \
      `swift build -c release --product dashboard` makes
      """
    case .workerMissing(let url):
      """
      \(url.path): not found; --local-workers expects `worker` beside `coordinator`, which \
      `swift build -c release --product worker` makes
      """
    }
  }
}
