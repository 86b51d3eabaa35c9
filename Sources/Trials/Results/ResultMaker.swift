/// Facts about the worker that computed a result, from the worker's announcement and not from the
/// result.
///
/// An empty text means unknown.
package struct ResultMaker: Hashable, Sendable {
  /// Name of the host.
  package var host: String
  /// The processor's model name.
  package var processor: String
  /// Instruction set that its kernels use.
  package var instructionSet: String
  /// The build of its program.
  package var build: String

  /// A maker of the given facts.
  package init(host: String, processor: String, instructionSet: String, build: String) {
    self.host = host
    self.processor = processor
    self.instructionSet = instructionSet
    self.build = build
  }
}
