/// How long a trial trains: a count of batches, or of epochs of its data set.
///
/// Text form: `200000 batches` or `2000 epochs` (singular accepted).
package enum Budget: Hashable, Sendable {
  /// Optimiser steps.
  case batches(Int)
  /// Passes over the training images, each of whole batches.
  case epochs(Int)

  /// The budget in batches.
  ///
  /// - Parameters:
  ///   - trainingImageCount: How many images an epoch permutes.
  ///   - batchSize: Images per batch; an epoch's incomplete last batch is dropped.
  package func batches(trainingImageCount: Int, batchSize: Int) -> Int {
    switch self {
    case .batches(let count): count
    case .epochs(let count): count * (trainingImageCount / batchSize)
    }
  }

  /// The number in front of the unit.
  package var count: Int {
    switch self {
    case .batches(let count), .epochs(let count): count
    }
  }

  /// The same unit with another count.
  package func with(count: Int) -> Budget {
    switch self {
    case .batches: .batches(count)
    case .epochs: .epochs(count)
    }
  }

  /// Parses `200000 batches` or `2000 epochs`; nil for anything else, and for counts below 1.
  package init?(_ text: String) {
    let words = text.split(separator: " ", omittingEmptySubsequences: true)
    guard words.count == 2,
      let count = Int(words[0].filter { $0 != "_" }), count >= 1, count <= Self.maximumCount
    else { return nil }
    switch words[1] {
    case "batch", "batches": self = .batches(count)
    case "epoch", "epochs": self = .epochs(count)
    default: return nil
    }
  }

  /// The largest count accepted: 10⁹, so that a step number always fits 32 bits.
  package static let maximumCount = 1_000_000_000
}

extension Budget: CustomStringConvertible {
  package var description: String {
    switch self {
    case .batches(let count): count == 1 ? "1 batch" : "\(count) batches"
    case .epochs(let count): count == 1 ? "1 epoch" : "\(count) epochs"
    }
  }
}

extension Budget: Codable {
  package init(from decoder: any Decoder) throws {
    let text = try decoder.singleValueContainer().decode(String.self)
    guard let budget = Budget(text) else {
      throw DecodingError.dataCorrupted(
        .init(
          codingPath: decoder.codingPath,
          debugDescription:
            "expected a budget such as \"200000 batches\" or \"100 epochs\", found \"\(text)\""))
    }
    self = budget
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
