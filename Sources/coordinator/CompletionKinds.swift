import ArgumentParser
import Console
import CoordinatorService
import Foundation

/// What shells complete, from the record of the sweep and the folders on the command line.
extension CompletionKind {
  /// Trials and stages of a sweep.
  static var trials: CompletionKind {
    .draft { draft in
      guard let sweep = draft.sweep else { return [] }
      // Bash makes three words of `stage=NAME`.
      let isStage = draft.words.suffix(2) == ["stage", "="]
      return try isStage
        ? CompletionNames.stages(in: sweep) : CompletionNames.trials(in: sweep)
    }
  }

  /// Workers and trials of a sweep.
  static var logs: CompletionKind {
    sweep { CompletionNames.workers(in: $0) + ((try? CompletionNames.trials(in: $0)) ?? []) }
  }

  /// Paused stages of a sweep.
  static var pausedStages: CompletionKind { sweep(CompletionNames.pausedStages) }

  /// Hosts of a sweep that get work.
  static var hosts: CompletionKind { sweep(CompletionNames.hosts) }

  /// Hosts of a sweep that get none.
  static var drainedHosts: CompletionKind { sweep(CompletionNames.drainedHosts) }

  /// Admitted workers.
  static var admittedWorkers: CompletionKind {
    .draft { try CompletionNames.admittedWorkers(keys: $0.folder(after: "--keys")) }
  }

  /// Data sets that can be prepared.
  static var datasets: CompletionKind {
    .draft { CompletionNames.datasets(in: $0.folder(after: "--data")) }
  }

  /// Data sets that are prepared.
  static var preparedDatasets: CompletionKind {
    .draft { CompletionNames.preparedDatasets(in: $0.folder(after: "--data")) }
  }

  /// Data sets that can be downloaded.
  static var publishedDatasets: CompletionKind { .draft { _ in CompletionNames.publishedDatasets } }

  /// Names of the sweep on the command line.
  private static func sweep(
    _ names: @escaping @Sendable (URL) throws -> [String]
  ) -> CompletionKind {
    .draft { try $0.sweep.map(names) ?? [] }
  }
}
