import Foundation
import Primitives
import Trials

/// Writes a running trial's checkpoints and keeps the two newest, in case the newest is damaged.
struct CheckpointKeeper {
  private static let keptCount = 2

  private let directory: URL
  private let file: CheckpointFile
  private let permanentSteps: Set<Int>
  private var schedule: CheckpointSchedule?
  private var keptSteps: [Int] = []
  private var lastStep: Int

  /// A keeper of the checkpoints in a folder.
  ///
  /// - Parameters:
  ///   - interval: How often one is due; nil for never.
  ///   - firstStep: The step that the trial starts from; it needs no checkpoint.
  ///   - permanentSteps: The steps whose checkpoints the user asked for; they are never removed.
  init(
    _ file: CheckpointFile, in directory: URL, interval: CheckpointInterval?, firstStep: Int,
    permanentSteps: Set<Int>, at now: ContinuousClock.Instant
  ) {
    self.file = file
    self.directory = directory
    self.permanentSteps = permanentSteps
    schedule = interval.map { CheckpointSchedule($0, at: now) }
    lastStep = firstStep
  }

  /// Whether a checkpoint is due.
  func isDue(at now: ContinuousClock.Instant) -> Bool { schedule?.isDue(at: now) ?? false }

  /// Writes the checkpoint of the trainer's step, and removes all but the two newest.
  ///
  /// - Returns: The checkpoint; nil if the step already has one.
  mutating func save(
    _ trainer: Trainer, _ reports: CheckpointFile.Reports, clock: ContinuousClock
  ) throws(TrialFailure) -> WrittenCheckpoint? {
    let step = trainer.state.step
    guard step > lastStep else { return nil }
    let beginning = clock.now
    defer { schedule?.noteWriting(from: beginning, to: clock.now) }
    let checkpoint = try file.write(trainer, reports, into: directory)
    lastStep = step
    if !permanentSteps.contains(step) { keptSteps.append(step) }
    while keptSteps.count > Self.keptCount {
      let old = directory.appending(path: CheckpointFile.name(step: keptSteps.removeFirst()))
      try? FileManager.default.removeItem(at: old)
    }
    return WrittenCheckpoint(file: CheckpointFile.name(step: step), checkpoint: checkpoint)
  }
}
