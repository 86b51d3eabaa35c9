import Digests
import Foundation
import Reports
import Trials

extension TrialReproduction {
  /// The comparison for people: where both were computed, each milestone, and the conclusion.
  package var text: String {
    let (there, here) = provenance
    var lines = [
      "trial \(recorded.planned.id)",
      "  recorded: \(Self.origin(there))",
      "  computed: \(Self.origin(here))",
    ]
    for milestone in comparison.milestones { lines += Self.lines(of: milestone) }
    if !comparison.hasSameMilestones {
      lines.append("  the milestones are not the same ones")
    }
    if !comparison.otherFiles.isEmpty {
      lines.append("  other files: \(Self.list(comparison.otherFiles))")
    }
    lines += conclusion
    return lines.map { "\($0)\n" }.joined()
  }

  private static func origin(_ provenance: TrialProvenance) -> String {
    "\(provenance.instructionSet) on \(provenance.host), "
      + (provenance.versions[TrialProvenance.program] ?? "another program")
  }

  private static func list(_ kinds: [ArtifactKind]) -> String {
    kinds.map(\.rawValue).joined(separator: ", ")
  }

  private static func lines(of milestone: ResultComparison.Milestone) -> [String] {
    let place = "  \(milestone.budget) (step \(milestone.step)):"
    let state =
      switch (milestone.recorded, milestone.computed) {
      case (nil, _): "no state digest in the record"
      case (let recorded?, let computed?) where recorded == computed:
        "same state \(short(recorded))"
      case (let recorded?, let computed):
        "another state: recorded \(short(recorded)), computed \(computed.map(short) ?? "none")"
      }
    guard !milestone.differences.isEmpty else { return ["\(place) \(state), same numbers"] }
    // Show only the first differences, since every gate differs a little.
    let told = milestone.differences.prefix(6).map { difference in
      "    \(difference.quantity): recorded \(difference.recorded), computed "
        + "\(difference.computed)"
        + (difference.share.isFinite ? ", \(percent(difference.share)) off" : "")
    }
    let more = milestone.differences.count - told.count
    return ["\(place) \(state)"] + told + (more > 0 ? ["    and \(more) numbers more"] : [])
  }

  private static func short(_ digest: Digest) -> String { "\(digest.hexadecimal.prefix(16))…" }

  private static func percent(_ share: Double) -> String {
    String(format: "%.2g %%", 100 * share)
  }

  /// Whether both are equal, and where they first differ.
  private var conclusion: [String] {
    if comparison.isSame {
      return [
        "same bits: \(comparison.milestones.count) milestones, the last one the final state; "
          + Self.list(comparison.equalFiles)
      ]
    }
    let agreeing = comparison.milestones.prefix { $0.isSame }
    var lines: [String] = []
    let until =
      agreeing.last.map { "equal up to \($0.budget)" } ?? "different from the first milestone"
    lines.append("not the same bits: \(until)\(firstDifference)")
    switch comparison.parting {
    case .never: lines.append("the trajectories are the same to the last byte")
    case .after(let step, let next):
      lines.append(
        "the trajectories agree up to step \(step) and differ at step \(next), the next sample")
    case .unknown(let reason): lines.append("the trajectories cannot be compared: \(reason)")
    }
    let (there, here) = provenance
    if !hasSameInstructionSet {
      lines.append(
        "to be expected: \(there.instructionSet) and \(here.instructionSet) round differently"
          + (furthest.map { "; at the end within \(Self.percent($0))" } ?? ""))
    } else if there.versions[TrialProvenance.program] != here.versions[TrialProvenance.program] {
      lines.append("the instruction set is the same, the build is another one")
    } else {
      lines.append(
        "instruction set and build are the same: the record is not what its configuration gives "
          + "here; `coordinator discard` discards a result")
    }
    return lines
  }

  private var firstDifference: String {
    guard let first = comparison.milestones.first(where: { !$0.isSame }) else {
      return ", but the files differ"
    }
    return ", first different at \(first.budget) (step \(first.step))"
  }

  /// The relative difference of the errors at the last milestone.
  private var furthest: Double? {
    comparison.milestones.last?.differences
      .filter { ["mse", "evaluation_mse"].contains($0.quantity) && $0.share.isFinite }
      .map(\.share).max()
  }
}
