import Trials

extension WorkerCore {
  /// Handles events of the worker's cache folder, which other programs may remove.
  mutating func handleCache(_ event: WorkerEvent, at now: Duration) -> [WorkerEffect] {
    switch event {
    case .folderLost(let id): return giveUpWithoutFiles(id)
    case .cacheChecked(let trouble):
      let found = trouble.map { "its cache cannot be used: \($0); no trial begins before it can" }
      guard found != cacheObstacle else { return [] }
      cacheObstacle = found
      return [.notify(found ?? "its cache can be used again")] + beat(at: now)
    default: return []
    }
  }

  /// Ends a work whose files are gone before the coordinator has them; the coordinator assigns the
  /// trial again, from its last checkpoint.
  private mutating func giveUpWithoutFiles(_ id: WorkID) -> [WorkerEffect] {
    guard let work = works[id] else { return [] }
    let failure = TrialFailure(
      cause: .stopped, message: "the trial's folder was removed from the worker's cache")
    switch work.phase {
    case .training, .changingThreads, .draining:
      works[id]?.phase = .killed(failure)
      return [.killTrial(id)]
    case .uploading, .uploadDelayed, .delivering:
      works[id] = nil
      let notice = WorkerEffect.notify(
        "trial \(id.trial): its result is lost: \(failure.message)")
      guard id.sweep == sweep else { return [notice] }
      return [
        notice,
        .sendFailure(trial: id.trial, attempt: work.attempt, failure, HandBack()),
      ] + exitIfDone()
    // A starting work fails and reports that by itself. Reporting a result needs no files.
    case .preparing, .killed, .dismissed, .handingBack, .parting, .reporting: return []
    }
  }
}
