/// The pace of a client's transfers.
package struct TransferSettings: Hashable, Sendable {
  /// Most pieces of 64 KiB under way unanswered.
  package var pieceCountMaximum = 16
  /// After which silence the first repetition is sent.
  package var retryInterval: Duration = .seconds(5)
  /// After which silence a transfer fails.
  package var stallTimeout: Duration = .seconds(120)

  /// The settings for real networks.
  package init() {}
}
