import Digests
import Trials

/// Two checkpoints of each unfinished trial: the one of the most steps, and for when that one
/// cannot be used the latest other one.
struct CheckpointRecords: Hashable, Sendable {
  /// A checkpoint and the attempt that brought it.
  struct Entry: Hashable, Sendable {
    var attempt: Int
    var checkpoint: TrialCheckpoint
  }

  private var entries: [Int: [Entry]] = [:]
  /// How many entries name each digest; two trials may have saved the same bytes.
  private var references: [Digest: Int] = [:]

  /// What is kept of a trial, most steps first.
  subscript(number: Int) -> [Entry] { entries[number] ?? [] }

  func refers(to digest: Digest) -> Bool { references[digest] != nil }

  var digests: Set<Digest> { Set(references.keys) }

  /// Keeps a checkpoint beside the one of the most steps.
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

  /// Forgets a trial's checkpoints.
  ///
  /// - Returns: Digests that nothing refers to any more.
  mutating func remove(_ number: Int) -> [Digest] {
    entries[number] == nil ? [] : replace(number, with: [])
  }

  private mutating func replace(_ number: Int, with kept: [Entry]) -> [Digest] {
    let dropped = self[number].map(\.checkpoint.digest)
    for entry in kept { references[entry.checkpoint.digest, default: 0] += 1 }
    entries[number] = kept.isEmpty ? nil : kept
    var unreferenced: [Digest] = []
    for digest in dropped {
      references[digest, default: 0] -= 1
      if references[digest] == 0 {
        references[digest] = nil
        unreferenced.append(digest)
      }
    }
    return unreferenced
  }
}
