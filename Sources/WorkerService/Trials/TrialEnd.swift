import Foundation
import Glibc
import Supervision
import Trials

/// How a trial's process ended, and the resulting report.
struct TrialEnd {
  /// Whether the process exited, rather than being ended by a signal.
  var isExit: Bool
  /// The exit code, or the signal.
  var status: Int32
  /// The failure that the process reported itself.
  var failure: TrialFailure?
  /// Whether the kernel has killed processes for lack of memory in the meantime.
  var isOutOfMemory: Bool

  /// The result that the process left, or why there is none.
  func report(in folder: URL, log: TrialLog) -> TrialProcess.Report {
    if isExit, status == 0 { return result(in: folder, log: log) }
    return .failed(failure ?? unexplained(lastWords: log.lastWords))
  }

  private func result(in folder: URL, log: TrialLog) -> TrialProcess.Report {
    do {
      return .finished(try SpooledResult(in: folder, log: log.close()))
    } catch {
      return .failed(
        TrialFailure(
          cause: .exitCode,
          message: "the trial's process ended well but left no readable result: \(error)"))
    }
  }

  /// The failure derived from the exit status alone.
  func unexplained(lastWords: String) -> TrialFailure {
    let tail = lastWords.isEmpty ? "" : "; its last words: \(lastWords)"
    if isExit {
      return TrialFailure(
        cause: .exitCode, message: "the trial's process ended with exit code \(status)\(tail)")
    }
    // Out of memory, the kernel sends SIGKILL; with a memory limit, allocations fail and Swift
    // traps.
    let isKilled = status == SIGKILL && isOutOfMemory
    let isRefused = [SIGILL, SIGTRAP, SIGABRT].contains(status) && lastWords.tellsOfMemory
    return TrialFailure(
      cause: isKilled || isRefused ? .outOfMemory : .signal,
      message: "the trial's process was ended by signal \(status)"
        + (isKilled ? ", by the kernel because memory ran out" : "") + tail)
  }
}

extension String {
  /// Whether a process's last output is about a failed allocation.
  fileprivate var tellsOfMemory: Bool {
    let text = lowercased()
    return ["out of memory", "cannot allocate memory", "bad_alloc"].contains(where: text.contains)
  }
}
