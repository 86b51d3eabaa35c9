import Digests
import Files
import Foundation
import Glibc
import Messaging
import Narrowing
import Supervision
import Transfers
import Trials

/// Runs a worker's trials: their folders, processes and transfers.
///
/// Slow operations run on other threads and report to the inbox. Image downloads, result uploads
/// and checkpoint uploads use separate connections, so that none waits for another kind.
final class TrialBench {
  private let folder: WorkerFolder
  private let images: ImageCache
  private let executable: URL
  private let inbox: Inbox<WorkerEvent>
  private let checkpointInterval: CheckpointInterval
  private let downloads: TransferQueue
  private let uploads: TransferQueue
  private let checkpoints: TransferQueue
  private var processes: [WorkID: TrialProcess] = [:]
  /// Locks that keep the running trials' images in the cache.
  private var imageLocks: [WorkID: FileLock] = [:]

  /// A bench in a worker's folder, without trials.
  init(
    folder: WorkerFolder, images: ImageCache, executable: URL, context: Context,
    security: SocketSecurity, inbox: Inbox<WorkerEvent>, checkpointInterval: CheckpointInterval
  ) {
    self.folder = folder
    self.images = images
    self.executable = executable
    self.inbox = inbox
    self.checkpointInterval = checkpointInterval
    downloads = TransferQueue(context, security)
    uploads = TransferQueue(context, security)
    checkpoints = TransferQueue(context, security)
  }

  /// Sets the endpoint of transfers.
  func connect(to endpoint: String) {
    for queue in [downloads, uploads, checkpoints] { queue.connect(to: endpoint) }
  }

  /// Forgets the process of a trial that has ended.
  func note(_ event: WorkerEvent) {
    switch event {
    case .trialFinished(let id, _), .trialFailed(let id, _):
      processes[id] = nil
      imageLocks[id] = nil
    default: return
    }
  }

  /// The worker's folder in the cache.
  var path: String { folder.path }

  /// Free bytes on the cache's disk; nil if unknown.
  var freeByteCount: Int? { try? FreeSpace.byteCount(at: folder.path) }

  /// Ends every process and deletes the worker's folder if nothing is left in it.
  func close(keepsCheckpoints: Bool) {
    for process in processes.values { process.kill() }
    folder.removeIfEmpty(keepsCheckpoints: keepsCheckpoints)
  }

  /// Checks whether the worker's folder exists, and recreates it.
  func inspectFolder() -> WorkerFolder.Finding { folder.inspect() }

  func discard(_ id: WorkID) { folder.discard(id) }
  func drain(_ id: WorkID) { processes[id]?.drain() }
  func kill(_ id: WorkID) { processes[id]?.kill() }
}

// MARK: - Before

extension TrialBench {
  /// Ensures that the cache has the images of a trial.
  func fetchImages(_ id: WorkID, _ assignment: Assignment) {
    downloads.perform { [images, inbox] connection in
      do {
        try images.provide(assignment.images, byteCount: assignment.imagesByteCount) { url in
          try connection.use { client, cancellation in
            try client.fetch(
              assignment.images, byteCount: assignment.imagesByteCount, to: url,
              cancellation: cancellation)
          }
        }
        inbox.put(.imagesReady(id))
      } catch {
        inbox.put(.preparationFailed(id, Self.failure("images \(assignment.images)", error)))
      }
    }
  }

  /// Fetches the checkpoint to resume from into the trial's folder.
  func fetchCheckpoint(_ id: WorkID, _ assignment: Assignment) {
    let leftCheckpoints = folder.leftCheckpoints(of: assignment.trial)
    guard !leftCheckpoints.isEmpty || !assignment.checkpoints.isEmpty else {
      inbox.put(.checkpointReady(id, nil, refusals: []))
      return
    }
    let fetch: CheckpointFetch
    do {
      fetch = CheckpointFetch(
        assignment: assignment, folder: try folder.prepare(id, assignment),
        leftCheckpoints: leftCheckpoints)
    } catch {
      inbox.put(.preparationFailed(id, Self.failure("not started", error)))
      return
    }
    checkpoints.perform { [inbox] connection in
      do {
        let outcome = try fetch.run(connection)
        inbox.put(
          .checkpointReady(
            id, outcome.checkpoint, refusals: outcome.refusals, refused: outcome.refused))
      } catch {
        inbox.put(.preparationFailed(id, Self.failure("checkpoint", error)))
      }
    }
  }

  /// Starts the next process of a trial in its folder, with other threads.
  func restart(
    _ id: WorkID, _ assignment: Assignment, from checkpoint: FetchedCheckpoint?, threads: Int
  ) {
    do {
      try folder.prepareRestart(id, from: checkpoint)
    } catch {
      return inbox.put(.trialFailed(id, Self.failure("not started again", error)))
    }
    start(id, assignment, from: checkpoint, threads: threads)
  }

  /// Starts a trial's process.
  func start(
    _ id: WorkID, _ assignment: Assignment, from checkpoint: FetchedCheckpoint?, threads: Int
  ) {
    do {
      imageLocks[id] = try images.use(assignment.images)
      let folder = try folder.prepare(id, assignment)
      processes[id] = try TrialProcess(
        executable: executable, folder: folder, images: images.url(for: assignment.images),
        checkpoint: checkpoint, interval: checkpointInterval,
        savesAtEnd: assignment.wantsLastCheckpoint, threads: threads
      ) { [inbox] report in
        switch report {
        case .began(let beginning): inbox.put(.trialBegan(id, beginning))
        case .progressed(let progress): inbox.put(.trialProgressed(id, progress))
        case .reached(let index, let report):
          inbox.put(.reportReached(id, index: index, report))
        case .sampled(let byteCount): inbox.put(.trajectoryWritten(id, byteCount: byteCount))
        case .checkpointed(let written): inbox.put(.checkpointWritten(id, written))
        case .finished(let result): inbox.put(.trialFinished(id, result))
        case .failed(let failure): inbox.put(.trialFailed(id, failure))
        }
      }
    } catch {
      inbox.put(.trialFailed(id, Self.failure("not started", error)))
    }
  }

  /// Such failures are the host's fault, so the cause must not count against the trial.
  private static func failure(_ what: String, _ error: any Error) -> TrialFailure {
    let isDiskFull =
      switch error {
      case let error as FileError: error.isDiskFull
      case TransferError.diskFull: true
      default: (error as? CocoaError)?.code == .fileWriteOutOfSpace
      }
    let cause: FailureCause =
      if isDiskFull { .diskFull } else if error is TransferError { .lost } else { .stopped }
    return TrialFailure(cause: cause, message: "\(what): \(error)")
  }
}

// MARK: - During and after

extension TrialBench {
  /// Uploads a checkpoint to the coordinator.
  func upload(_ written: WrittenCheckpoint, of id: WorkID) {
    guard let file = folder.url(of: id)?.appending(path: written.file) else {
      inbox.put(.checkpointNotStored(id, reason: "\(written.file) is gone"))
      return
    }
    checkpoints.perform { [inbox] connection in
      let start = ContinuousClock.now
      do {
        try connection.use { client, cancellation in
          try client.upload(file, digest: written.checkpoint.digest, cancellation: cancellation)
        }
        inbox.put(
          .checkpointStored(id, written.checkpoint, took: ContinuousClock.now - start))
      } catch {
        inbox.put(.checkpointNotStored(id, reason: "\(error)"))
      }
    }
  }

  /// Uploads the log and the last checkpoint of an attempt without a result.
  func handBack(_ id: WorkID, checkpoint: WrittenCheckpoint?) {
    guard let folder = folder.url(of: id) else {
      inbox.put(.handedBack(id, HandBack()))
      return
    }
    checkpoints.perform { [inbox] connection in
      var left = HandBack()
      if let log = TrialLog(folder: folder).close(), log.byteCount > 0,
        connection.stores(folder.appending(path: log.kind.rawValue), log.digest)
      {
        left.log = log
      }
      if let checkpoint,
        connection.stores(
          folder.appending(path: checkpoint.file), checkpoint.checkpoint.digest)
      {
        left.checkpoint = checkpoint.checkpoint
      }
      inbox.put(.handedBack(id, left))
    }
  }

  /// Reads the next piece of a trial's trajectory, which takes at most some milliseconds.
  func readPiece(
    _ id: WorkID, after start: TrajectoryStart, fileBegins: Int, byteCount: Int
  ) {
    do {
      guard let folder = folder.url(of: id) else {
        throw FileError("open the trial's folder", path, code: ENOENT)
      }
      let payload = try TrajectoryFile(in: folder).read(
        from: start.prefix.byteCount - fileBegins, byteCount: byteCount)
      inbox.put(.pieceRead(id, TrajectoryPiece(after: start, payload: payload)))
    } catch {
      inbox.put(.pieceNotRead(id, reason: "\(error)"))
    }
  }

  /// Uploads a result's files; the trajectory is sent in pieces instead.
  func upload(_ result: SpooledResult, of id: WorkID) {
    let folder = folder.url(of: id)
    let artifacts = result.artifacts.filter { $0.kind != .trajectory }
    uploads.perform { [inbox] connection in
      do {
        try connection.use { client, cancellation in
          for artifact in artifacts {
            guard let file = folder?.appending(path: artifact.kind.rawValue) else { continue }
            try client.upload(file, digest: artifact.digest, cancellation: cancellation)
          }
          if let last = result.lastCheckpoint, let file = folder?.appending(path: last.file) {
            try client.upload(
              file, digest: last.checkpoint.digest, cancellation: cancellation)
          }
        }
        inbox.put(.artifactsUploaded(id))
      } catch {
        inbox.put(.uploadFailed(id, reason: "\(error)"))
      }
    }
  }
}

extension TransferConnection {
  /// Uploads a file to the coordinator; returns whether that succeeded.
  fileprivate func stores(_ file: URL, _ digest: Digest) -> Bool {
    do {
      try use { client, cancellation in
        try client.upload(file, digest: digest, cancellation: cancellation)
      }
      return true
    } catch {
      return false
    }
  }
}
