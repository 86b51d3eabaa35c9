/// A number of another stage's trial at the same coordinates: `baseline.mse`,
/// `2 * baseline.latents`, `baseline.latents * 2`.
struct StageReference: Hashable {
  var factor: Double
  var stage: String
  var output: String

  /// Parses a reference; nil if the text does not have the form of one.
  init?(_ text: String) {
    let parts = text.split(separator: "*", omittingEmptySubsequences: false)
      .map { String($0.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()) }
    switch parts.count {
    case 1: self.init(factor: 1, path: parts[0])
    case 2:
      if let factor = Numerals.real(parts[0]) {
        self.init(factor: factor, path: parts[1])
      } else if let factor = Numerals.real(parts[1]) {
        self.init(factor: factor, path: parts[0])
      } else {
        return nil
      }
    default: return nil
    }
  }

  private init?(factor: Double, path: String) {
    let names = path.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    guard names.count == 2, names.allSatisfy(Name.isWellFormed), factor > 0 else { return nil }
    self.factor = factor
    self.stage = names[0]
    self.output = names[1]
  }
}

extension StageReference: CustomStringConvertible {
  var description: String {
    (factor == 1 ? "" : "\(Numerals.text(factor)) * ") + "\(stage).\(output)"
  }
}
