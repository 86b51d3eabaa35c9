import Foundation
import Trials

/// Fetches and parses the files of finished trials; errors name the trial.
struct ArtifactLoader {
  /// Fetches a file by its digest.
  let load: (Artifact) throws -> Data

  /// The parsed file of a trial.
  ///
  /// - Throws: ``ReportError`` if the trial has no such file, or it cannot be fetched or parsed.
  func parse<Value>(
    _ kind: ArtifactKind, of trial: RecordedTrial, _ body: (Data) throws -> Value
  ) throws(ReportError) -> Value {
    let id = trial.planned.id
    guard let artifact = trial.result?.artifacts.first(where: { $0.kind == kind }) else {
      throw .missingArtifact(trial: id, kind: kind, reason: "the result does not name it")
    }
    let data: Data
    do {
      data = try load(artifact)
    } catch {
      throw .missingArtifact(trial: id, kind: kind, reason: "\(error)")
    }
    do {
      return try body(data)
    } catch let error as FormatError {
      throw .malformedArtifact(
        trial: id, kind: kind, place: error.place, found: error.found, expected: error.expected)
    } catch {
      throw .missingArtifact(trial: id, kind: kind, reason: "\(error)")
    }
  }
}
