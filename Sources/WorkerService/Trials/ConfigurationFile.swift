import Files
import Foundation
import Trials
import Wire

/// Reads the configuration for `worker trial`: a configuration alone, or a trial of `coordinator
/// plan --json` with the key `configuration`.
enum ConfigurationFile {
  /// The name that stands for standard input.
  static let standardInput = "-"
  /// Size limit of the text, allowing for white space and the plan's other keys.
  static let byteCountMaximum = 16 * WireLimits.configurationByteCount

  /// Reads a configuration.
  ///
  /// - Parameter name: A file's path, or ``standardInput``.
  /// - Throws: A failure with cause ``FailureCause/refused`` that names the file and the place in it.
  static func read(_ name: String) throws(TrialFailure) -> TrialConfiguration {
    let place = name == standardInput ? "standard input" : name
    let data: Data
    do {
      data =
        try name == standardInput
        ? readInput(as: place) : WholeFile.read(name, limit: byteCountMaximum)
    } catch {
      throw TrialFailure(cause: .refused, message: "\(error)")
    }
    return try configuration(in: data, of: place)
  }

  /// The configuration in a text.
  ///
  /// - Parameter place: The text's name in messages.
  static func configuration(
    in data: Data, of place: String
  ) throws(TrialFailure) -> TrialConfiguration {
    // Some editors write a byte order mark before UTF-8.
    let mark = Data("\u{feff}".utf8)
    let data = data.starts(with: mark) ? Data(data.dropFirst(mark.count)) : data
    do {
      let content = try CanonicalJSON.decodeStrictly(Content.self, from: data)
      guard !content.isPlan else {
        throw TrialFailure(
          cause: .refused,
          message: "\(place): found a whole plan, expected one of its trials: "
            + "coordinator plan SWEEP --json | jq '.trials[0]' | worker trial - --out DIR")
      }
      let configuration: TrialConfiguration
      if content.isPlannedTrial {
        configuration = try CanonicalJSON.decode(PlannedEntry.self, from: data).configuration
      } else {
        configuration = try CanonicalJSON.decode(TrialConfiguration.self, from: data)
      }
      try configuration.validate()
      return configuration
    } catch let failure as TrialFailure {
      throw failure
    } catch {
      throw TrialFailure(cause: .refused, message: "\(place): \(CanonicalJSON.describe(error))")
    }
  }

  /// Reads standard input up to the size limit.
  private static func readInput(as place: String) throws -> Data {
    var data = Data()
    func next() throws(FileError) -> Data? {
      do {
        return try FileHandle.standardInput.read(upToCount: 64 << 10)
      } catch {
        throw FileError("read", place, reportedAs: error)
      }
    }
    while data.count <= byteCountMaximum, let piece = try next(), !piece.isEmpty {
      data.append(piece)
    }
    guard data.count <= byteCountMaximum else {
      throw TrialFailure(
        cause: .refused, message: "\(place): found more than \(byteCountMaximum) bytes")
    }
    return data
  }

  /// The kind of a text, by its keys.
  private struct Content: Decodable {
    /// Whether it is the output of `coordinator plan --json`.
    let isPlan: Bool
    /// Whether it is one trial of that output.
    let isPlannedTrial: Bool

    private enum CodingKeys: CodingKey {
      case trials
      case configuration
    }

    init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      isPlan = container.contains(.trials)
      isPlannedTrial = container.contains(.configuration)
    }
  }

  /// A trial of a plan; other keys are ignored.
  private struct PlannedEntry: Decodable {
    let configuration: TrialConfiguration
  }
}
