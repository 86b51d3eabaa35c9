/// A checkpoint that a trial resumed from, and where it was computed.
package struct Resumption: Codable, Hashable, Sendable {
  /// Steps taken up to the checkpoint.
  package var step: Int
  /// Name of the host that wrote it.
  package var host: String
  /// The instruction set that computed it.
  package var instructionSet: String

  /// A resumption at a step.
  package init(step: Int, host: String, instructionSet: String) {
    self.step = step
    self.host = host
    self.instructionSet = instructionSet
  }

  private enum CodingKeys: String, CodingKey {
    case step
    case host
    case instructionSet = "instruction_set"
  }
}
