/// Why a worker ended.
package enum WorkerEnding: Hashable, Sendable {
  /// The sweep ended and the worker was started to end with it.
  case sweepEnded
  /// Somebody asked it to stop.
  case stopped
  /// The coordinator does not work with it.
  case refused(reason: String)
  /// No coordinator was heard of for too long and there is nothing to do.
  case abandoned
}
