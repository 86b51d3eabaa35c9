import Digests
import Synchronization

/// Who may store how much: what each sender has stored, or is storing, that no record names yet.
///
/// A blob comes before the message that names it, so nobody can tell at once whether it will be of
/// use. Hence a sender may have blobs without a record only while it holds trials, and only as many
/// bytes as their results and checkpoints can take. A blob that a record names is settled and counts
/// no longer; one that stays without a record is collected.
///
/// Where there are no keys, nobody can tell a host's workers from whoever else is on it. There every
/// connection has an account of its own besides, so that one that floods does not use up what the
/// others need. May be used from any thread.
package final class BlobLedger: Sendable {
  /// After so long without a word of it, a blob that no record names may be collected.
  package static let lifetime = Duration.seconds(600)
  /// A sender may have so many blobs without a record for each trial it holds: a result's files, a
  /// log and a few checkpoints.
  static let blobCountPerTrial = 16

  /// More trials of one sender do not let it store more: it stores one file after the other.
  static let trialCountMaximum = 32
  /// The same for one connection, and how many connections of a host without a key may use all that
  /// they may.
  static let connectionTrialCountMaximum = 4
  static let connectionCount = 16

  private let byteCountPerTrial: Int
  private let state = Mutex(State())

  private struct State {
    var entries: [Digest: Entry] = [:]
    var trialCounts: [String: Int] = [:]
    /// What accounts have, and what connections have; only those that have something.
    var accounts: [String: Usage] = [:]
    var connections: [[UInt8]: Usage] = [:]

    mutating func add(_ digest: Digest, _ entry: Entry) {
      entries[digest] = entry
      accounts[entry.sender.account, default: Usage()].add(1, entry.byteCount)
      if let connection = entry.sender.connection {
        connections[connection, default: Usage()].add(1, entry.byteCount)
      }
    }

    /// Forgets a blob, in its sender's account too.
    mutating func remove(_ digest: Digest) {
      guard let entry = entries.removeValue(forKey: digest) else { return }
      let account = entry.sender.account
      accounts[account]?.add(-1, -entry.byteCount)
      if accounts[account]?.blobCount == 0 { accounts[account] = nil }
      guard let connection = entry.sender.connection else { return }
      connections[connection]?.add(-1, -entry.byteCount)
      if connections[connection]?.blobCount == 0 { connections[connection] = nil }
    }
  }

  private struct Entry {
    var sender: BlobSender
    var byteCount: Int
    var lastWord: ContinuousClock.Instant
  }

  private struct Usage {
    var blobCount = 0
    var byteCount = 0

    mutating func add(_ count: Int, _ byteCount: Int) {
      blobCount += count
      self.byteCount += byteCount
    }
  }

  /// A ledger in which nobody holds a trial yet.
  ///
  /// - Parameter byteCountPerTrial: The most that may lie without a record for one trial, in bytes.
  package init(byteCountPerTrial: Int) {
    self.byteCountPerTrial = byteCountPerTrial
  }

  /// Sets how many trials everybody holds, by account; who is not named holds none.
  package func setTrialCounts(_ counts: [String: Int]) {
    state.withLock { $0.trialCounts = counts }
  }

  /// Lets an account store for one trial more.
  package func addTrial(of account: String) {
    state.withLock { $0.trialCounts[account, default: 0] += 1 }
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
    _ digest: Digest, byteCount: Int, for sender: BlobSender, at now: ContinuousClock.Instant
  ) throws(TransferError) -> Bool {
    let (isNew, reason) = state.withLock { state -> (Bool, String?) in
      let trialCount = state.trialCounts[sender.account] ?? 0
      guard trialCount > 0 else {
        return (
          true,
          "found a blob of \(sender.account), which holds no trial of the sweep; expected only what "
            + "the trials of a worker leave"
        )
      }
      if let entry = state.entries[digest], entry.byteCount == byteCount {
        state.entries[digest]?.lastWord = now
        return (false, nil)
      }
      if let reason = refusal(of: byteCount, for: sender, trialCount: trialCount, in: state) {
        return (true, reason)
      }
      state.remove(digest)
      state.add(digest, Entry(sender: sender, byteCount: byteCount, lastWord: now))
      return (true, nil)
    }
    if let reason { throw .rejected(digest, reason: reason) }
    return isNew
  }

  /// Why a sender may not store so many bytes more; nil when it may.
  private func refusal(
    of byteCount: Int, for sender: BlobSender, trialCount: Int, in state: State
  ) -> String? {
    let account = state.accounts[sender.account] ?? Usage()
    guard let connection = sender.connection else {
      return refusal(
        of: byteCount, besides: account, trialCount: min(trialCount, Self.trialCountMaximum),
        sender.account)
    }
    let share = min(trialCount, Self.connectionTrialCountMaximum)
    return refusal(
      of: byteCount, besides: state.connections[connection] ?? Usage(), trialCount: share,
      "a connection of \(sender.account)")
      ?? refusal(
        of: byteCount, besides: account, trialCount: share * Self.connectionCount, sender.account)
  }

  private func refusal(
    of byteCount: Int, besides usage: Usage, trialCount: Int, _ name: String
  ) -> String? {
    let room = Self.product(byteCountPerTrial, trialCount) - usage.byteCount
    let places = Self.blobCountPerTrial * trialCount - usage.blobCount
    guard byteCount > room || places <= 0 else { return nil }
    return
      "found \(byteCount) bytes, expected at most \(places > 0 ? max(room, 0) : 0): \(name) has "
      + "stored \(usage.blobCount) blobs with \(usage.byteCount) bytes that no result or checkpoint "
      + "names yet"
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
