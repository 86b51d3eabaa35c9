import Autoencoder
import Digests
import Files
import Foundation
import Primitives
import TensorFiles
import Trials

/// A checkpoint on disk: a trainer's state, what its trial has reported so far, and which trial it
/// belongs to.
///
/// A trial that resumes from `checkpoint-<step>.safetensors` writes the same files, bit for bit, as
/// an uninterrupted one. The file is written under another name, synced and renamed. It names the
/// trajectory by digest but does not contain it: a trial that resumes has the trajectory's bytes,
/// or the state of its digest. All other state is in the data section, which a digest covers:
///
/// | Tensor | Type, shape | Value |
/// | --- | --- | --- |
/// | those of ``Checkpoint`` | | the trainer's state |
/// | `reports.milestones` | U8 `[bytes]` | the milestones reached: JSON, an array of ``MilestoneReport`` |
///
/// The metadata:
///
/// | Key | Value |
/// | --- | --- |
/// | `checkpoint_version` | version of this format, 2 |
/// | `configuration` | canonical text of the trial's configuration |
/// | `data_sha256` | SHA-256 of the data section, all bytes after the header |
/// | `format` | `pt`: names and layouts are PyTorch's |
/// | `host`, `instruction_set` | where it was written |
/// | `images_sha256` | SHA-256 of the image archive |
/// | `resumed` | the checkpoints that the trial resumed from before: JSON, an array of `Resumption` |
/// | `state_sha256` | digest of the trainer's state, ``StateDigest`` |
/// | `trajectory_bytes`, `trajectory_sha256` | length and digest of `trajectory.csv` up to and including this step |
/// | `trial` | the trial's identity, derived from the configuration |
package struct CheckpointFile: Sendable {
  /// The trial's configuration, with every parameter resolved.
  package let configuration: TrialConfiguration
  /// Digest of the image archive that the trial trains on.
  package let images: Digest

  /// The checkpoints of a trial on some images.
  package init(configuration: TrialConfiguration, images: Digest) {
    self.configuration = configuration
    self.images = images
  }

  /// What a trial has reported up to a step.
  package struct Reports: Hashable, Sendable {
    /// `trajectory.csv` so far.
    package var trajectory = TrajectoryPrefix.empty
    /// The milestones reached.
    package var milestones: [MilestoneReport] = []
    /// The checkpoints that the trial resumed from, in order.
    package var resumed: [Resumption] = []
    /// Whether the checkpoint is from a shorter run that its quiet rule ended.
    package var endedEarly = false
  }

  /// The version of the format that is written and read.
  package static let version = "2"

  private enum Key {
    static let version = "checkpoint_version"
    static let configuration = "configuration"
    static let dataDigest = "data_sha256"
    static let host = "host"
    static let images = "images_sha256"
    static let instructionSet = "instruction_set"
    static let resumed = "resumed"
    static let trial = "trial"
    static let stateDigest = "state_sha256"
    static let trajectoryBytes = "trajectory_bytes"
    static let trajectoryDigest = "trajectory_sha256"
    static let milestones = "reports.milestones"
  }

  /// The file name of the checkpoint of a step.
  package static func name(step: Int) -> String { "checkpoint-\(step).safetensors" }

  /// The step in a checkpoint's file name; nil for other names.
  package static func step(ofName name: String) -> Int? {
    guard name.hasPrefix("checkpoint-"), name.hasSuffix(".safetensors") else { return nil }
    return Int(name.dropFirst("checkpoint-".count).dropLast(".safetensors".count))
  }

  /// Writes the checkpoint of the trainer's step into a folder.
  ///
  /// The file gets its name when it is complete and durable.
  ///
  /// - Returns: The checkpoint as others refer to it.
  @discardableResult
  package func write(
    _ trainer: Trainer, _ reports: Reports, into directory: URL
  ) throws(TrialFailure) -> TrialCheckpoint {
    var tensors = Checkpoint.tensors(of: trainer)
    let stateDigest = StateDigest.of(tensors)
    let milestones = Array(CanonicalJSON.data(reports.milestones))
    tensors.append(
      Safetensors.Tensor(
        name: Key.milestones, shape: [milestones.count], elements: milestones))
    let instructionSet = trainer.network.instructionSet.rawValue
    var content = Safetensors(
      metadata: [
        Key.version: Self.version, Key.configuration: configuration.canonicalText,
        Key.images: images.hexadecimal, Key.trial: configuration.id.digits, "format": "pt",
        Key.host: Host.name, Key.instructionSet: instructionSet,
        Key.resumed: CanonicalJSON.text(reports.resumed),
        Key.stateDigest: stateDigest.hexadecimal,
        Key.trajectoryBytes: String(reports.trajectory.byteCount),
        Key.trajectoryDigest: reports.trajectory.digest.hexadecimal,
      ], tensors: tensors)
    content.metadata[Key.dataDigest] = content.dataDigest.hexadecimal
    let name = Self.name(step: trainer.state.step)
    var file = try PartialFile(at: directory.appending(path: name))
    try file.append(content.encoded())
    let (digest, byteCount) = try file.finish()
    return TrialCheckpoint(
      step: trainer.state.step, digest: digest, byteCount: byteCount,
      instructionSet: instructionSet, stateDigest: stateDigest, trajectory: reports.trajectory)
  }

  /// Restores a trainer to the state of a checkpoint of this trial.
  ///
  /// The file is checked completely before anything changes.
  ///
  /// - Parameters:
  ///   - batches: The steps of a budget.
  ///   - check: Called before anything changes with what the trial had reported, the step, and whether
  ///     the checkpoint is from a shorter run of this trial. If it throws, the trainer is unchanged.
  /// - Returns: What the trial had reported.
  @discardableResult
  package func restore(
    _ url: URL, into trainer: Trainer, batches: (Budget) -> Int = \.count,
    check: (Reports, _ step: Int, _ isShorterRun: Bool) throws(CheckpointError) -> Void = {
      _, _, _ in
    }
  ) throws(CheckpointError) -> Reports {
    let (content, owner) = try verified(url)
    var reports = try reports(of: content, path: url.path)
    if owner != configuration {
      reports.endedEarly = reports.milestones.last?.endedByRule ?? false
      reports.milestones = milestones(of: reports.milestones, batches: batches)
    }
    let step = try Checkpoint.Source(checkpoint: content, path: url.path).step()
    try checkRung(of: content, reports.milestones, step: step, path: url.path)
    try check(reports, step, owner != configuration)
    try Checkpoint.restore(
      content, path: url.path, settings: configuration.trainer, into: trainer)
    reports.resumed.append(
      Resumption(
        step: trainer.state.step, host: content.metadata[Key.host] ?? "unknown",
        instructionSet: content.metadata[Key.instructionSet] ?? "unknown"))
    return reports
  }

  /// Those of a shorter run's reports that are also this run's, changed so that the run continues
  /// after each.
  ///
  /// The last report of an equally long run stays as it is. The report of the shorter run's early end
  /// is dropped; this run makes its own.
  private func milestones(
    of reports: [MilestoneReport], batches: (Budget) -> Int
  ) -> [MilestoneReport] {
    reports.filter {
      configuration.milestones.contains($0.budget) && $0.step == batches($0.budget)
    }.map { made in
      guard made.budget != configuration.milestones.last else { return made }
      var report = made
      report.ending = .goesOn
      report.sinceStep = nil
      report.alternatingGates = nil
      return report
    }
  }

  /// Checks everything in a file that can be checked without a trainer: that it is an undamaged
  /// checkpoint of this trial, or of a shorter run that this trial can extend, on these images, and
  /// that its numbers are within ``StateRanges``.
  ///
  /// - Parameter expectedStep: The step that the checkpoint should have.
  package func verify(_ url: URL, expectedStep: Int) throws(CheckpointError) {
    let (content, _) = try verified(url)
    let reports = try reports(of: content, path: url.path)
    let step = try Checkpoint.Source(checkpoint: content, path: url.path).step()
    guard step == expectedStep else {
      throw CheckpointError(
        .implausible, path: url.path, part: "step", found: "\(step)", expected: "\(expectedStep)")
    }
    try checkRung(of: content, reports.milestones, step: step, path: url.path)
    try StateRanges(settings: configuration.trainer, step: step).check(content, path: url.path)
  }

  /// Checks that the state of a traced trial is on the rung that its reports lead to.
  ///
  /// A rung lasts until the step after its end, so the report of that end counts from there.
  private func checkRung(
    of content: Safetensors, _ reports: [MilestoneReport], step: Int, path: String
  ) throws(CheckpointError) {
    guard let trace = configuration.trace else { return }
    let source = Checkpoint.Source(checkpoint: content, path: path)
    let found = try source.rung(of: trace.count, step: step)
    let ended = reports.filter { $0.step < step }
    let beginning = ended.last?.step ?? 0
    guard found == (ended.count, beginning) else {
      throw CheckpointError(
        .implausible, path: path, part: "rung",
        found: "rung \(found.index), begun after step \(found.beginning)",
        expected: "rung \(ended.count), begun after step \(beginning), as its reports say")
    }
  }

  /// Checks that a file is an undamaged checkpoint of this trial, or of a shorter run that this
  /// trial can extend, on these images.
  ///
  /// - Returns: The checkpoint and the configuration of its trial.
  private func verified(
    _ url: URL
  ) throws(CheckpointError) -> (content: Safetensors, owner: TrialConfiguration) {
    let content = try read(url)
    let owner = try owner(content.metadata, path: url.path)
    let digest = content.dataDigest.hexadecimal
    guard content.metadata[Key.dataDigest] == digest else {
      throw CheckpointError(
        .damaged, path: url.path, part: "digest of the data",
        found: content.metadata[Key.dataDigest] ?? "none", expected: digest)
    }
    return (content, owner)
  }

  /// The configuration that the checkpoint belongs to: this trial's, or a shorter run's.
  private func owner(
    _ metadata: [String: String], path: String
  ) throws(CheckpointError) -> TrialConfiguration {
    func check(
      _ reason: CheckpointError.Reason, _ key: String, _ expected: String, _ part: String
    ) throws(CheckpointError) {
      guard metadata[key] != expected else { return }
      throw CheckpointError(
        reason, path: path, part: part, found: metadata[key] ?? "none", expected: expected)
    }
    try check(.format, Key.version, Self.version, "version of the checkpoint format")
    try check(.otherImages, Key.images, images.hexadecimal, "digest of the images")
    if metadata[Key.configuration] == configuration.canonicalText { return configuration }
    if let text = metadata[Key.configuration],
      let owner = try? CanonicalJSON.decode(TrialConfiguration.self, from: Data(text.utf8)),
      configuration.canExtend(owner)
    {
      return owner
    }
    throw CheckpointError(
      .otherTrial, path: path, part: "trial",
      found: metadata[Key.trial].map { TrialID($0)?.description ?? $0 } ?? "none",
      expected: "\(configuration.id), or a shorter run of it")
  }

  private func read(_ url: URL) throws(CheckpointError) -> Safetensors {
    do {
      return try Safetensors(contentsOf: url)
    } catch let error as SafetensorsError {
      throw CheckpointError(
        .damaged, path: url.path, part: "byte \(error.offset)", found: error.found,
        expected: error.expected)
    } catch {
      throw CheckpointError(
        .unreadable, path: url.path, part: "file", found: ErrorWords.reason(error),
        expected: "a checkpoint")
    }
  }

  private func reports(of content: Safetensors, path: String) throws(CheckpointError) -> Reports {
    func text(_ name: String) throws(CheckpointError) -> Data {
      let found = content[name]
      guard let bytes = found?.elements(as: UInt8.self) else {
        throw CheckpointError(
          .mismatch, path: path, part: "tensor \"\(name)\"", found: Safetensors.describe(found),
          expected: "U8 [bytes]")
      }
      return Data(bytes)
    }
    func list<Element: Decodable>(
      _ data: Data, _ part: String, _ expected: String
    ) throws(CheckpointError) -> [Element] {
      do {
        return try CanonicalJSON.decode([Element].self, from: data)
      } catch {
        throw CheckpointError(
          .mismatch, path: path, part: part, found: CanonicalJSON.describe(error),
          expected: expected)
      }
    }
    guard let byteCount = content.metadata[Key.trajectoryBytes].flatMap({ Int($0) }),
      byteCount >= 0,
      let digest = content.metadata[Key.trajectoryDigest].flatMap({ Digest(hexadecimal: $0) })
    else {
      throw CheckpointError(
        .mismatch, path: path, part: "metadata \"\(Key.trajectoryBytes)\"",
        found: content.metadata[Key.trajectoryBytes] ?? "none",
        expected: "a count of bytes, and their digest")
    }
    return Reports(
      trajectory: TrajectoryPrefix(byteCount: byteCount, digest: digest),
      milestones: try list(
        try text(Key.milestones), "tensor \"\(Key.milestones)\"", "milestone reports"),
      resumed: try list(
        Data((content.metadata[Key.resumed] ?? "[]").utf8), "metadata \"\(Key.resumed)\"",
        "resumptions"))
  }
}
