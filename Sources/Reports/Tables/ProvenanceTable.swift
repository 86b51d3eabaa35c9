import Digests
import Foundation
import Trials

/// `provenance.csv`: where and how each result was computed; the facts that may differ between two
/// runs of a sweep with the same numbers.
enum ProvenanceTable {
  /// The names of the columns.
  static let header = [
    "trial", "attempts", "worker", "host", "processor", "instruction_set", "versions",
    "images_sha256", "model_sha256", "started", "seconds", "processor_seconds", "steps", "resumed",
    "steps_per_second", "second_pass_share", "peak_resident_bytes", "state_sha256", "reused_from",
    "discarded",
  ]

  /// The row of a trial.
  static func row(of trial: RecordedTrial) -> [String] {
    let head = [
      trial.planned.id.description, String(trial.attempts), CSVCell.foreign(trial.worker ?? ""),
    ]
    guard let result = trial.result else {
      let empty = Array(repeating: "", count: header.count - head.count - 1)
      return head + empty + [text(of: trial.discards)]
    }
    let provenance = result.provenance
    let model = result.artifacts.first { $0.kind == .model }
    let versions = provenance.versions.sorted { $0.key < $1.key }
      .map { "\($0.key) \($0.value)" }.joined(separator: "; ")
    let pace = provenance.seconds > 0 ? Double(provenance.steps) / provenance.seconds : 0
    return head + [
      CSVCell.foreign(provenance.host), CSVCell.foreign(provenance.processor),
      CSVCell.foreign(provenance.instructionSet), CSVCell.foreign(versions),
      provenance.images.hexadecimal, model?.digest.hexadecimal ?? "",
      CSVCell.foreign(provenance.started),
      NumberText.fixed(provenance.seconds, 3),
      NumberText.fixed(provenance.processorSeconds, 3), String(provenance.steps),
      text(of: provenance.resumed ?? [], origins: trial.checkpointOrigins),
      NumberText.fixed(pace, 2), NumberText.fixed(provenance.secondPassShare, 4),
      String(provenance.peakResidentBytes),
      result.milestones.last?.stateDigest?.hexadecimal ?? "",
      CSVCell.foreign(trial.reusedFrom ?? ""),
      text(of: trial.discards),
    ]
  }

  /// Why earlier results of a trial were discarded.
  private static func text(of discards: [String]) -> String {
    CSVCell.foreign(discards.joined(separator: "; "))
  }

  /// The checkpoints that a trial resumed from, each with its origin: the worker that delivered it,
  /// if the coordinator recorded that, else the host that the checkpoint names.
  private static func text(
    of resumed: [Resumption], origins: [Int: CheckpointOrigin]
  ) -> String {
    let texts = resumed.map { resumption in
      let (step, set) = (resumption.step, resumption.instructionSet)
      guard let origin = origins[step] else {
        return "step \(step) of \(resumption.host) (\(set)) as its checkpoint says"
      }
      let host = origin.host ?? "an unknown host"
      return "step \(step) of \(host) (\(set)) handed in by \(origin.worker)"
    }
    return CSVCell.foreign(texts.joined(separator: "; "))
  }
}
