/// Why an attempt at a trial ended without a result.
package struct TrialFailure: Codable, Hashable, Sendable, Error {
  /// The kind of cause.
  package var cause: FailureCause
  /// The cause in words: what was found, where.
  package var message: String

  /// A failure with its cause in words.
  package init(cause: FailureCause, message: String) {
    self.cause = cause
    self.message = message
  }
}

extension TrialFailure: CustomStringConvertible {
  package var description: String { message }
}
