import Primitives
import Trials

extension Arithmetic {
  /// The arithmetic that a trial asks for.
  package init(_ precision: Precision) {
    switch precision {
    case .fp32: self = .fp32
    case .bf16: self = .bf16
    }
  }
}
