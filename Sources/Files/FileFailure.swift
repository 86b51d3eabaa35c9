/// An error that a module makes from a failed file operation.
package protocol FileFailure: Error {
  /// The error for a failed operation.
  init(_ failure: FileError)
}
