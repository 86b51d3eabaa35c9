import Digests
import Synchronization

/// Who may store how much: what each sender has stored, or is storing, that no record names yet.
///
/// A blob comes before the message that names it, so nobody can tell at once whether it will be of
/// use. Hence a sender may have blobs without a record only while it holds trials, and only as many
/// bytes as their results and checkpoints can take. A blob that a record names is settled and counts
/// no longer; one that stays without a record is collected. May be used from any thread.
package final class BlobLedger: Sendable {
  /// After so long without a word of it, a blob that no record names may be collected.
  package static let lifetime = Duration.seconds(600)
  /// A sender may have so many blobs without a record for each trial it holds: a result's files, a
  /// log and a few checkpoints.
  static let blobCountPerTrial = 16

  private let byteCountPerTrial: Int
  private let state = Mutex(State())

  private struct State {
    var entries: [Digest: Entry] = [:]
    var senders: [String: Sender] = [:]

    /// Forgets a blob, in its sender's account too.
    mutating func remove(_ digest: Digest) {
      guard let entry = entries.removeValue(forKey: digest) else { return }
      senders[entry.sender]?.blobCount -= 1
      senders[entry.sender]?.byteCount -= entry.byteCount
    }
  }

  private struct Entry {
    var sender: String
    var byteCount: Int
    var lastWord: ContinuousClock.Instant
  }

  private struct Sender {
    var trialCount = 0
    var blobCount = 0
    var byteCount = 0
  }

  /// A ledger in which nobody holds a trial yet.
  ///
  /// - Parameter byteCountPerTrial: The most that may lie without a record for one trial, in bytes.
  package init(byteCountPerTrial: Int) {
    self.byteCountPerTrial = byteCountPerTrial
  }

  /// Who sends: the key where there is one, else the address, for all connections of a host.
  package static func sender(userID: String?, peerAddress: String?) -> String {
    userID.map { "the key \($0)" } ?? peerAddress.map { "the host \($0)" } ?? "an unknown host"
  }

  /// Sets how many trials everybody holds; who is not named holds none.
  package func setTrialCounts(_ counts: [String: Int]) {
    state.withLock { state in
      for (sender, account) in state.senders where counts[sender] == nil {
        state.senders[sender] =
          account.blobCount == 0
          ? nil : Sender(blobCount: account.blobCount, byteCount: account.byteCount)
      }
      for (sender, count) in counts { state.senders[sender, default: Sender()].trialCount = count }
    }
  }

  /// Lets a sender store for one trial more.
  package func addTrial(of sender: String) {
    state.withLock { $0.senders[sender, default: Sender()].trialCount += 1 }
  }

  /// Takes in that a record names blobs: they count no longer.
  package func settle(_ digests: some Sequence<Digest>) {
    state.withLock { state in for digest in digests { state.remove(digest) } }
  }

  /// The blobs, whole or in part, of which nobody has said a word for ``lifetime``, and no record yet.
  package func forgotten(at now: ContinuousClock.Instant = .now) -> [Digest] {
    state.withLock { state in
      state.entries.filter { now - $0.value.lastWord >= Self.lifetime }.map(\.key)
    }
  }

  /// Removes a blob that is still forgotten; nobody can offer it in the meantime.
  ///
  /// - Returns: Whether it was.
  package func collect(
    _ digest: Digest, at now: ContinuousClock.Instant = .now, remove: (Digest) throws -> Void
  ) rethrows -> Bool {
    try state.withLock { state in
      guard let entry = state.entries[digest], now - entry.lastWord >= Self.lifetime else {
        return false
      }
      try remove(digest)
      state.remove(digest)
      return true
    }
  }

  /// Takes in that somebody offers a blob that is here already, so that it is not collected before
  /// a record can name it.
  func touch(_ digest: Digest, at now: ContinuousClock.Instant) {
    state.withLock { $0.entries[digest]?.lastWord = now }
  }

  /// Makes room in a sender's account for a blob that it offers or sends.
  ///
  /// - Returns: Whether the blob was not in anybody's account before.
  /// - Throws: ``TransferError/rejected(_:reason:)`` when it holds no trial, or has stored too much
  ///   that no record names.
  func reserve(
    _ digest: Digest, byteCount: Int, for sender: String, at now: ContinuousClock.Instant
  ) throws(TransferError) -> Bool {
    let (isNew, reason) = state.withLock { state -> (Bool, String?) in
      let account = state.senders[sender] ?? Sender()
      if let entry = state.entries[digest], entry.byteCount == byteCount, account.trialCount > 0 {
        state.entries[digest]?.lastWord = now
        return (false, nil)
      }
      guard account.trialCount > 0 else {
        return (
          true,
          "found a blob of \(sender), which holds no trial of the sweep; expected only what the "
            + "trials of a worker leave"
        )
      }
      let room =
        Self.product(byteCountPerTrial, account.trialCount) - account.byteCount
      guard byteCount <= room else {
        return (
          true,
          "found \(byteCount) bytes, expected at most \(max(room, 0)): \(sender) holds "
            + "\(account.trialCount) trials and has stored \(account.byteCount) bytes that no result "
            + "or checkpoint names"
        )
      }
      let countLimit = Self.product(Self.blobCountPerTrial, account.trialCount)
      guard account.blobCount < countLimit else {
        return (
          true,
          "\(sender) has \(account.blobCount) blobs that no result or checkpoint names, expected "
            + "fewer than \(countLimit)"
        )
      }
      state.remove(digest)
      state.entries[digest] = Entry(sender: sender, byteCount: byteCount, lastWord: now)
      state.senders[sender, default: Sender()].blobCount += 1
      state.senders[sender, default: Sender()].byteCount += byteCount
      return (true, nil)
    }
    if let reason { throw .rejected(digest, reason: reason) }
    return isNew
  }

  /// A product of numbers that are not negative, at most half of what a number can be.
  private static func product(_ first: Int, _ second: Int) -> Int {
    let (product, isTooLarge) = first.multipliedReportingOverflow(by: second)
    return min(isTooLarge ? .max : product, .max / 2)
  }

  /// Takes in that a blob will not be stored: it was rejected.
  func cancel(_ digest: Digest) {
    state.withLock { $0.remove(digest) }
  }
}
