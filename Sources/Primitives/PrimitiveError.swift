/// Why there can be no operations.
package enum PrimitiveError: Error, Hashable, Sendable {
  /// The processor, or the limit that the environment sets, does not have an instruction set.
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
