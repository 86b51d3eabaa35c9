import Foundation
import Trials

/// The answer to an ``AdministrationRequest``: one JSON object in one line.
package struct AdministrationReply: Codable, Hashable, Sendable {
  /// The version of the reply.
  package var version = AdministrationRequest.currentVersion
  /// Why the request failed; nil if it succeeded.
  package var error: String?
  /// The answer to `status`.
  package var status: SweepStatus?
  /// The answer to `explain`.
  package var trial: TrialReport?
  /// What a command changed, a line each.
  package var changes: [String]?

  /// The largest reply that a client reads, in bytes.
  static let byteCountMaximum = 64 << 20

  /// The refusal of a request.
  static func refusal(_ error: some Error) -> AdministrationReply {
    AdministrationReply(error: "\(error)")
  }

  init(
    error: String? = nil, status: SweepStatus? = nil, trial: TrialReport? = nil,
    changes: [String]? = nil
  ) {
    self.error = error
    self.status = status
    self.trial = trial
    self.changes = changes
  }

  /// The reply as one line of JSON.
  var line: Data {
    var data =
      (try? Self.encoder.encode(self))
      ?? Data(#"{"error":"no reply","version":\#(AdministrationRequest.currentVersion)}"#.utf8)
    data.append(UInt8(ascii: "\n"))
    return data
  }

  /// Reads a reply.
  init(line: Data) throws {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
    decoder.dateDecodingStrategy = .iso8601
    self = try decoder.decode(Self.self, from: line)
  }

  /// The reply as indented JSON, for `--json`.
  package var json: String {
    let encoder = Self.encoder
    encoder.outputFormatting.insert(.prettyPrinted)
    return String(decoding: (try? encoder.encode(self)) ?? Data(), as: UTF8.self) + "\n"
  }

  private static var encoder: JSONEncoder { AnswerJSON.encoder }
}
