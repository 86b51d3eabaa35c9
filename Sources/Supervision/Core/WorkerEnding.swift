/// Why a worker ended.
package enum WorkerEnding: Hashable, Sendable {
  /// The sweep ended and the worker was started to end with it.
  case sweepEnded
  /// Somebody asked it to stop.
  case stopped
  /// The coordinator refused it.
  case refused(reason: String)
  /// There was no coordinator for too long, and no work.
  case abandoned
}
