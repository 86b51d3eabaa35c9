import Files
import Foundation
import Logging
import Sweeps
import Trials

/// Free space on the disk of a sweep's folder.
enum DiskSpace {
  /// With less free space no sweep starts.
  static let leastByteCount = 64 << 20

  /// Throws if the disk is nearly full, and warns if the sweep will not fit.
  ///
  /// - Throws: ``DiskSpaceError`` with the free and the needed space.
  static func check(_ folder: URL, for summary: PlanSummary, logger: Logger) throws {
    guard let free = freeByteCount(of: folder) else { return }
    guard free >= leastByteCount else {
      throw DiskSpaceError(path: folder.path, freeByteCount: free)
    }
    let needed = expectedByteCount(of: summary)
    if free < needed {
      logger.warning(
        """
        \(folder.path): \(text(free)) free, while the results of the whole sweep will take about \
        \(text(needed)); when the disk is full, the sweep waits for space
        """)
    }
  }

  /// Bytes that this process may still write to a folder's disk; nil if unknown.
  static func freeByteCount(of folder: URL) -> Int? {
    try? FreeSpace.byteCount(at: folder.path)
  }

  /// Estimated size of a sweep's results: each trial's parameters and some overhead.
  private static func expectedByteCount(of summary: PlanSummary) -> Int {
    var bytes = 0
    for (planned, trial) in zip(summary.plan.trials, summary.trials) {
      let configuration = planned.configuration
      let latents = (try? configuration.resolvedLatents()) ?? 32
      let shape = try? NetworkShape(
        image: configuration.dataset.imageShape, channels: configuration.model.channels,
        latents: latents)
      let rows = trial.steps / configuration.trainer.sampleEvery + 1
      bytes += 4 * (shape?.parameterCount ?? 0) + rows * (100 + 12 * latents) + (1 << 16)
    }
    return bytes
  }

  /// The most bytes that a worker may have stored for one trial before a record names them.
  ///
  /// At the end of the largest trial these are its network, the trainer's state, which is three
  /// times as large, one or two earlier states, a log and pictures. The limit is 1.5 times their
  /// size, at four bytes per number.
  static func unrecordedByteCountMaximum(of plan: SweepPlan) -> Int {
    let models = Set(
      plan.trials.map {
        let configuration = $0.configuration
        return LargestNetwork(
          image: configuration.dataset.imageShape, channels: configuration.model.channels,
          // A number of latents that depends on a parent may be as large as allowed.
          latents: (try? configuration.resolvedLatents()) ?? ModelSettings.latentRange.upperBound)
      })
    return 64 * (models.compactMap(\.parameterCount).max() ?? 0) + (16 << 20)
  }

  private struct LargestNetwork: Hashable {
    var image: ImageShape
    var channels: [Int]
    var latents: Int

    var parameterCount: Int? {
      (try? NetworkShape(image: image, channels: channels, latents: latents))?.parameterCount
    }
  }

  static func text(_ byteCount: Int) -> String {
    byteCount < 10_000_000_000
      ? "\(byteCount / 1_000_000) MB" : "\(byteCount / 1_000_000_000) GB"
  }
}

extension NetworkShape {
  /// Approximate number of parameters of a network: its weights.
  fileprivate var parameterCount: Int {
    (encoder + decoder).reduce(0) {
      $0 + $1.kernelSize * $1.kernelSize * $1.inputChannels * $1.outputChannels
    } + 2 * flatCount * hidden + 3 * latents * hidden
  }
}

/// A disk with too little free space to start.
struct DiskSpaceError: Error, CustomStringConvertible {
  let path: String
  let freeByteCount: Int

  var description: String {
    """
    \(path): found \(DiskSpace.text(freeByteCount)) free, expected at least \
    \(DiskSpace.text(DiskSpace.leastByteCount)); make room or choose another --out
    """
  }
}
