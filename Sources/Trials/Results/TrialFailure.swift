/// Why an attempt at a trial ended without a result.
package struct TrialFailure: Codable, Hashable, Sendable, Error {
  /// The kind of cause.
  package var cause: FailureCause
  /// The cause in words: what was found, where.
  package var message: String
  /// For ``FailureCause/notANumber``: where; nil if unknown.
  package var divergence: Divergence?

  /// A failure with its cause in words.
  package init(cause: FailureCause, message: String, divergence: Divergence? = nil) {
    self.cause = cause
    self.message = message
    self.divergence = divergence
  }
}

extension TrialFailure: CustomStringConvertible {
  package var description: String { message }
}
