/// The window and timeouts of a client's transfers.
package struct TransferSettings: Hashable, Sendable {
  /// Most unanswered pieces of 64 KiB.
  package var pieceCountMaximum = 16
  /// Silence after which a request is first repeated.
  package var retryInterval: Duration = .seconds(5)
  /// Silence after which a transfer fails.
  package var stallTimeout: Duration = .seconds(120)

  /// The settings for real networks.
  package init() {}
}
