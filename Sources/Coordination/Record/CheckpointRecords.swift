import Digests
import Trials

/// The checkpoints that trials can resume from.
///
/// An unfinished trial has at most two: the one of the most steps, and the latest other one as a
/// fallback. A complete trial has its last one, as long as it is kept.
struct CheckpointRecords: Hashable, Sendable {
  /// A checkpoint and the attempt that uploaded it.
  struct Entry: Hashable, Sendable {
    var attempt: Int
    var checkpoint: TrialCheckpoint
  }

  private var entries: [Int: [Entry]] = [:]
  /// The last checkpoints of complete trials.
  private var last: [Int: TrialCheckpoint] = [:]
  /// The trials in `last`, in the order in which they were completed.
  private(set) var lastInOrder: [Int] = []
  /// Total size of the checkpoints in `last`.
  private(set) var lastByteCount = 0
  /// How many entries name each digest; two trials may have saved the same bytes.
  private var references: [Digest: Int] = [:]

  /// The checkpoints of a trial, most steps first.
  subscript(number: Int) -> [Entry] { entries[number] ?? [] }

  func refers(to digest: Digest) -> Bool { references[digest] != nil }

  var digests: Set<Digest> { Set(references.keys) }

  /// Adds a checkpoint; keeps it and the one of the most steps.
  ///
  /// - Returns: Digests that nothing refers to any more.
  mutating func insert(
    _ checkpoint: TrialCheckpoint, attempt: Int, of number: Int
  ) -> [Digest] {
    let entry = Entry(attempt: attempt, checkpoint: checkpoint)
    guard let furthest = self[number].first else { return replace(number, with: [entry]) }
    return replace(
      number,
      with: checkpoint.step > furthest.checkpoint.step ? [entry, furthest] : [furthest, entry])
  }

  /// The last checkpoint of a complete trial, if it is kept.
  func last(of number: Int) -> TrialCheckpoint? { last[number] }

  /// Keeps the last checkpoint of a trial that is complete now.
  mutating func keepLast(_ checkpoint: TrialCheckpoint, of number: Int) {
    last[number] = checkpoint
    lastInOrder.append(number)
    lastByteCount += checkpoint.byteCount
    references[checkpoint.digest, default: 0] += 1
  }

  /// Drops the last checkpoint of a complete trial.
  ///
  /// - Returns: Digests that nothing refers to any more.
  mutating func dropLast(of number: Int) -> [Digest] {
    guard let checkpoint = last.removeValue(forKey: number) else { return [] }
    lastInOrder.removeAll { $0 == number }
    lastByteCount -= checkpoint.byteCount
    return release(checkpoint.digest) ? [checkpoint.digest] : []
  }

  /// Forgets a trial's checkpoints.
  ///
  /// - Returns: Digests that nothing refers to any more.
  mutating func remove(_ number: Int) -> [Digest] {
    entries[number] == nil ? [] : replace(number, with: [])
  }

  /// Forgets one checkpoint of a trial.
  ///
  /// - Returns: Digests that nothing refers to any more.
  mutating func remove(_ digest: Digest, of number: Int) -> [Digest] {
    replace(number, with: self[number].filter { $0.checkpoint.digest != digest })
  }

  private mutating func replace(_ number: Int, with kept: [Entry]) -> [Digest] {
    let dropped = self[number].map(\.checkpoint.digest)
    for entry in kept { references[entry.checkpoint.digest, default: 0] += 1 }
    entries[number] = kept.isEmpty ? nil : kept
    return dropped.filter { release($0) }
  }

  /// Releases a reference; returns whether it was the last one.
  private mutating func release(_ digest: Digest) -> Bool {
    references[digest, default: 0] -= 1
    guard references[digest] == 0 else { return false }
    references[digest] = nil
    return true
  }
}
