import Trials

/// A value of a ``TrialKey``, within the key's range.
enum TrialValue: Hashable {
  case dataset(Dataset)
  case latents(Quantity)
  case channels([Int])
  case tolerance(Quantity)
  case trace(ToleranceLadder)
  /// The scaled budget.
  case budget(TrialBudget)
  case seed(UInt64)
  /// A text that ``TrainerSetting/set(_:in:)`` accepts.
  case setting(String)

  /// The reference to another stage, if the value is one.
  var reference: StageReference? {
    switch self {
    case .latents(.reference(let reference)), .tolerance(.reference(let reference)): reference
    default: nil
    }
  }
}
