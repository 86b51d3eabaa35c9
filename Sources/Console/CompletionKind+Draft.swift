import ArgumentParser
import Foundation
import Synchronization

extension CompletionKind {
  /// How long a person waits for candidates at most.
  private static let patience = DispatchTimeInterval.milliseconds(800)

  /// The folders of sweeps.
  package static var sweepFolder: CompletionKind { .draft { $0.sweepFolders() } }

  /// The candidates that a function finds for a command line and that begin as typed.
  ///
  /// An error, or a function that takes longer than a moment, means no candidates.
  package static func draft(
    _ candidates: @escaping @Sendable (CommandDraft) throws -> [String]
  ) -> CompletionKind {
    .custom { words, index, beginning in
      let draft = CommandDraft(words: words, index: index, beginning: beginning)
      return soon { try candidates(draft) }
        .filter { $0.hasPrefix(draft.beginning) && !$0.contains(where: \.isNewline) }.sorted()
    }
  }

  /// What a function returns if it does so in time; else nothing.
  ///
  /// The function may go on; the process ends soon.
  private static func soon(_ body: @escaping @Sendable () throws -> [String]) -> [String] {
    final class Found: Sendable {
      let candidates = Mutex<[String]>([])
    }
    let found = Found()
    let isDone = DispatchSemaphore(value: 0)
    Thread.detachNewThread {
      let candidates = (try? body()) ?? []
      found.candidates.withLock { $0 = candidates }
      isDone.signal()
    }
    _ = isDone.wait(timeout: .now() + patience)
    return found.candidates.withLock { $0 }
  }
}
