import Foundation
import Glibc
import Testing
import Trials

@testable import WorkerService

@Suite("How a trial's process ended")
struct TrialEndTests {
  private func cause(
    isExit: Bool, status: Int32, isOutOfMemory: Bool = false, lastWords: String = ""
  ) -> FailureCause {
    TrialEnd(isExit: isExit, status: status, failure: nil, isOutOfMemory: isOutOfMemory)
      .unexplained(lastWords: lastWords).cause
  }

  @Test("exit codes, signals and a lack of memory are told apart")
  func causes() {
    #expect(cause(isExit: true, status: 3) == .exitCode)
    #expect(cause(isExit: false, status: SIGSEGV) == .signal)
    #expect(cause(isExit: false, status: SIGKILL) == .signal)
    #expect(cause(isExit: false, status: SIGKILL, isOutOfMemory: true) == .outOfMemory)
    // The kernel kills processes only by SIGKILL.
    #expect(cause(isExit: false, status: SIGSEGV, isOutOfMemory: true) == .signal)
    #expect(
      cause(isExit: false, status: SIGABRT, lastWords: "what(): std::bad_alloc") == .outOfMemory)
  }

  @Test("the process's own report takes precedence")
  func ownWords() {
    let failure = TrialFailure(cause: .diskFull, message: "no space")
    let end = TrialEnd(isExit: true, status: 1, failure: failure, isOutOfMemory: true)
    let folder = URL(filePath: "/nowhere")
    guard case .failed(failure) = end.report(in: folder, log: TrialLog(folder: folder)) else {
      Issue.record("expected its own words")
      return
    }
  }
}
