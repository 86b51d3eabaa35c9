/// What a failed call on a file becomes: the error of the module that asked for it.
package protocol FileFailure: Error {
  /// The error that says so.
  init(_ failure: FileError)
}
