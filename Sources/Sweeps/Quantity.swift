import Trials

/// A number, or a reference to a number of another stage.
enum Quantity: Hashable {
  case number(Double)
  case reference(StageReference)
}

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

/// The numbers of a stage that other stages may refer to.
enum StageOutput: String, CaseIterable {
  case latents
  case gatesOpen = "gates_open"
  case tolerance
  case mse
  case evaluationMSE = "evaluation_mse"

  /// The number that the trial reports when it ends; nil for one that stands in its configuration.
  var measured: TrialOutput? { TrialOutput(rawValue: rawValue) }

  /// The outputs of a setting's own unit: a count for `latents`, squared error per image for
  /// `tolerance`; none for settings that take no reference.
  static func fitting(_ key: TrialKey) -> [StageOutput] {
    switch key {
    case .latents: [.latents, .gatesOpen]
    case .tolerance: [.tolerance, .mse, .evaluationMSE]
    default: []
    }
  }
}

/// Names of sweeps and stages.
enum Name {
  /// What a name may be, in words.
  static let expectation = "a name of up to 64 letters, digits, _ and - that begins with a letter"

  /// Whether the text can be a name: it becomes part of file names and references.
  static func isWellFormed(_ text: String) -> Bool {
    guard let first = text.utf8.first, isLetter(first), text.utf8.count <= 64 else { return false }
    return text.utf8.allSatisfy {
      isLetter($0) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
        || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-")
    }
  }

  private static func isLetter(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
      || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
  }
}
