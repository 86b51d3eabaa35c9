import Digests
import Synchronization

/// Limits what each sender may store before a record names it.
///
/// A blob is uploaded before the message that names it. So a sender may store unnamed blobs only
/// while it holds trials, and only as many bytes as their results and checkpoints can need. A blob
/// that a record names is settled and no longer counts; one that stays unnamed is deleted.
///
/// Without keys, a host's workers cannot be distinguished from other programs on it. Then every
/// connection has a limit of its own too, so that a flooding one leaves enough for the others. May
/// be used from any thread.
package final class BlobLedger: Sendable {
  /// An unnamed blob may be deleted after so long without a message about it.
  package static let lifetime = Duration.seconds(600)
  /// Most unnamed blobs per held trial: a result's files, a log and a few checkpoints.
  static let blobCountPerTrial = 16

  /// Trials beyond this number do not raise the limit, since a sender uploads one file at a time.
  static let trialCountMaximum = 32
  /// The same limit for one connection without a key, and the number of such connections per host.
  static let connectionTrialCountMaximum = 4
  static let connectionCount = 16

  private let byteCountPerTrial: Int
  private let state = Mutex(State())

  private struct State {
    var entries: [Digest: Entry] = [:]
    var trialCounts: [String: Int] = [:]
    /// Usage by account and by connection, without empty entries.
    var accounts: [String: Usage] = [:]
    var connections: [[UInt8]: Usage] = [:]

    mutating func add(_ digest: Digest, _ entry: Entry) {
      entries[digest] = entry
      accounts[entry.sender.account, default: Usage()].add(1, entry.byteCount)
      if let connection = entry.sender.connection {
        connections[connection, default: Usage()].add(1, entry.byteCount)
      }
    }

    /// Removes a blob and its usage.
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
  /// - Parameter byteCountPerTrial: Most unnamed bytes per held trial.
  package init(byteCountPerTrial: Int) {
    self.byteCountPerTrial = byteCountPerTrial
  }

  /// Sets how many trials each account holds; accounts that are not given hold none.
  package func setTrialCounts(_ counts: [String: Int]) {
    state.withLock { $0.trialCounts = counts }
  }

  /// Raises an account's limit by one trial.
  package func addTrial(of account: String) {
    state.withLock { $0.trialCounts[account, default: 0] += 1 }
  }

  /// Settles blobs that a record names.
  package func settle(_ digests: some Sequence<Digest>) {
    state.withLock { state in for digest in digests { state.remove(digest) } }
  }

  /// The unnamed complete or partial blobs without a message for ``lifetime``.
  package func forgotten(at now: ContinuousClock.Instant = .now) -> [Digest] {
    state.withLock { state in
      state.entries.filter { now - $0.value.lastWord >= Self.lifetime }.map(\.key)
    }
  }

  /// Deletes a blob if it is still forgotten; it cannot be offered during the call.
  ///
  /// - Returns: Whether it was deleted.
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

  /// Notes an offer of a stored blob, so that it is not deleted before a record can name it.
  func touch(_ digest: Digest, at now: ContinuousClock.Instant) {
    state.withLock { $0.entries[digest]?.lastWord = now }
  }

  /// Reserves space in a sender's account for a blob that it offers or sends.
  ///
  /// - Returns: Whether the blob was not in anybody's account before.
  /// - Throws: ``TransferError/rejected(_:reason:)`` if it holds no trial, or has too many unnamed
  ///   bytes.
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

  /// Why a sender may not store so many more bytes; nil if it may.
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

  /// A product of non-negative numbers, limited to half of the largest integer.
  private static func product(_ first: Int, _ second: Int) -> Int {
    let (product, isTooLarge) = first.multipliedReportingOverflow(by: second)
    return min(isTooLarge ? .max : product, .max / 2)
  }

  /// Removes a rejected blob.
  func cancel(_ digest: Digest) {
    state.withLock { $0.remove(digest) }
  }
}
