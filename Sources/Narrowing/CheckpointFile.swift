import Autoencoder
import Digests
import Foundation
import Primitives
import Trials

/// A checkpoint on disk: a trainer's state, what its trial has reported so far, and whose they are.
///
/// A trial that goes on from `checkpoint-<step>.safetensors` leaves the files, bit for bit, of one
/// that was never interrupted. The file is written aside, synced and renamed. Everything that
/// training goes on from is in the data section, which a digest covers:
///
/// | Tensor | Type, shape | Value |
/// | --- | --- | --- |
/// | those of ``Checkpoint`` | | the trainer's state |
/// | `reports.trajectory` | U8 `[bytes]` | `trajectory.csv` up to and with this step |
/// | `reports.milestones` | U8 `[bytes]` | the milestones reached: JSON, an array of ``MilestoneReport`` |
///
/// The metadata say what it is and whose:
///
/// | Key | Value |
/// | --- | --- |
/// | `checkpoint_version` | version of this format, 1 |
/// | `configuration` | canonical text of the trial's configuration |
/// | `data_sha256` | SHA-256 of the data section, all bytes after the header |
/// | `format` | `pt`: names and layouts are PyTorch's |
/// | `host`, `instruction_set` | who wrote it |
/// | `images_sha256` | SHA-256 of the image archive |
/// | `resumed` | the checkpoints gone on from before: JSON, an array of `Resumption` |
/// | `trial` | the trial's identity, which follows from the configuration |
package struct CheckpointFile: Sendable {
  /// The trial that checkpoints belong to, every parameter resolved.
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
    /// `trajectory.csv` so far, heading and rows.
    package var trajectory = Data()
    /// The milestones reached.
    package var milestones: [MilestoneReport] = []
    /// The checkpoints gone on from, in order.
    package var resumed: [Resumption] = []
  }

  /// The version of the format that is written and read.
  package static let version = "1"

  private enum Key {
    static let version = "checkpoint_version"
    static let configuration = "configuration"
    static let dataDigest = "data_sha256"
    static let host = "host"
    static let images = "images_sha256"
    static let instructionSet = "instruction_set"
    static let resumed = "resumed"
    static let trial = "trial"
    static let trajectory = "reports.trajectory"
    static let milestones = "reports.milestones"
  }

  /// The name of the checkpoint of a step in a trial's folder.
  package static func name(step: Int) -> String { "checkpoint-\(step).safetensors" }

  /// The step in a checkpoint's name; nil for the name of another file.
  package static func step(ofName name: String) -> Int? {
    guard name.hasPrefix("checkpoint-"), name.hasSuffix(".safetensors") else { return nil }
    return Int(name.dropFirst("checkpoint-".count).dropLast(".safetensors".count))
  }

  /// Writes the checkpoint of a trainer's step into a folder.
  ///
  /// The file has its name only once it is complete and durable.
  ///
  /// - Returns: Digest and count of the file's bytes.
  @discardableResult
  package func write(
    _ trainer: Trainer, _ reports: Reports, into directory: URL
  ) throws(TrialFailure) -> (digest: Digest, byteCount: Int) {
    var tensors = Checkpoint.tensors(of: trainer)
    let texts = [
      (Key.trajectory, reports.trajectory),
      (Key.milestones, CanonicalJSON.data(reports.milestones)),
    ]
    for (name, text) in texts {
      tensors.append(Safetensors.Tensor(name: name, shape: [text.count], elements: Array(text)))
    }
    var content = Safetensors(
      metadata: [
        Key.version: Self.version, Key.configuration: configuration.canonicalText,
        Key.images: images.hexadecimal, Key.trial: configuration.id.description, "format": "pt",
        Key.host: Host.name, Key.instructionSet: trainer.network.instructionSet.rawValue,
        Key.resumed: CanonicalJSON.text(reports.resumed),
      ], tensors: tensors)
    content.metadata[Key.dataDigest] = content.dataDigest.hexadecimal
    let name = Self.name(step: trainer.state.step)
    var file = try PartialFile(at: directory.appending(path: name))
    try file.append(content.encoded())
    return try file.finish()
  }

  /// Puts a trainer into the state of a checkpoint of this trial.
  ///
  /// The file is checked completely before anything changes.
  ///
  /// - Returns: What the trial had reported.
  package func restore(_ url: URL, into trainer: Trainer) throws(CheckpointError) -> Reports {
    let content = try verified(url)
    var reports = try reports(of: content, path: url.path)
    try Checkpoint.restore(content, path: url.path, into: trainer)
    reports.resumed.append(
      Resumption(
        step: trainer.state.step, host: content.metadata[Key.host] ?? "unknown",
        instructionSet: content.metadata[Key.instructionSet] ?? "unknown"))
    return reports
  }

  /// Checks that a file is a whole checkpoint of this trial on these images.
  package func verify(_ url: URL) throws(CheckpointError) {
    _ = try verified(url)
  }

  private func verified(_ url: URL) throws(CheckpointError) -> Safetensors {
    let path = url.path
    let content = try read(url)
    func check(
      _ reason: CheckpointError.Reason, _ key: String, _ expected: String, _ part: String,
      found: String? = nil, expecting: String? = nil
    ) throws(CheckpointError) {
      guard content.metadata[key] != expected else { return }
      throw CheckpointError(
        reason, path: path, part: part, found: found ?? content.metadata[key] ?? "none",
        expected: expecting ?? expected)
    }
    try check(.format, Key.version, Self.version, "version of the checkpoint format")
    try check(.damaged, Key.dataDigest, content.dataDigest.hexadecimal, "digest of the data")
    try check(
      .otherTrial, Key.configuration, configuration.canonicalText, "trial",
      found: content.metadata[Key.trial], expecting: configuration.id.description)
    try check(.otherImages, Key.images, images.hexadecimal, "digest of the images")
    return content
  }

  private func read(_ url: URL) throws(CheckpointError) -> Safetensors {
    let file: Data
    do {
      file = try Data(contentsOf: url, options: .mappedIfSafe)
    } catch {
      throw CheckpointError(
        .unreadable, path: url.path, part: "file", found: error.localizedDescription,
        expected: "a checkpoint")
    }
    do {
      return try Safetensors(parsing: file, path: url.path)
    } catch {
      throw CheckpointError(
        .damaged, path: url.path, part: "byte \(error.offset)", found: error.found,
        expected: error.expected)
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
    return Reports(
      trajectory: try text(Key.trajectory),
      milestones: try list(
        try text(Key.milestones), "tensor \"\(Key.milestones)\"", "milestone reports"),
      resumed: try list(
        Data((content.metadata[Key.resumed] ?? "[]").utf8), "metadata \"\(Key.resumed)\"",
        "resumptions"))
  }
}
