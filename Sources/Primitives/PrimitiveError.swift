/// Why operations cannot be created.
package enum PrimitiveError: Error, Hashable, Sendable {
  /// The processor lacks the instruction set, or the environment's limit excludes it.
  case unavailable(InstructionSet, available: InstructionSet)
}

extension PrimitiveError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .unavailable(let wanted, let available):
      "instruction set \(wanted.rawValue): expected at most \(available.rawValue) here"
    }
  }
}
