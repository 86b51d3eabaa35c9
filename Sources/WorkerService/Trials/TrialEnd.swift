import Foundation
import Glibc
import Supervision
import Trials

/// How a trial's process ended, and what that means.
struct TrialEnd {
  /// Whether the process ended by itself, not by a signal.
  var isExit: Bool
  /// The exit code, or the signal.
  var status: Int32
  /// Why it failed, in its own words.
  var failure: TrialFailure?
  /// Whether the kernel has ended processes for lack of memory meanwhile.
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

  /// What the system alone can tell.
  func unexplained(lastWords: String) -> TrialFailure {
    let tail = lastWords.isEmpty ? "" : "; its last words: \(lastWords)"
    if isExit {
      return TrialFailure(
        cause: .exitCode, message: "the trial's process ended with exit code \(status)\(tail)")
    }
    // The kernel kills; a memory limit makes allocations fail, on which Swift traps.
    let isKilled = status == SIGKILL && isOutOfMemory
    let isRefused = [SIGILL, SIGTRAP, SIGABRT].contains(status) && lastWords.tellsOfMemory
    return TrialFailure(
      cause: isKilled || isRefused ? .outOfMemory : .signal,
      message: "the trial's process was ended by signal \(status)"
        + (isKilled ? ", by the kernel because memory ran out" : "") + tail)
  }
}

extension String {
  /// Whether a process's last words are about memory that it did not get.
  fileprivate var tellsOfMemory: Bool {
    let text = lowercased()
    return ["out of memory", "cannot allocate memory", "bad_alloc"].contains(where: text.contains)
  }
}
