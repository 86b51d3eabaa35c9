import Digests
import Foundation
import Trials

/// `ro-crate-metadata.json`: the origin of each file, as a Process Run Crate.
///
/// Source: RO-Crate 1.1 and its profile Process Run Crate 0.5. Every trial is a `CreateAction` that
/// links its program, sweep file, configuration, images and files.
package struct ResearchCrate {
  /// The file's name.
  package static let name = "ro-crate-metadata.json"

  /// A file in the crate.
  package struct File: Hashable, Sendable {
    /// Its path, relative to the crate.
    package let path: String
    /// Its bytes.
    package let byteCount: Int
    /// Its digest.
    package let digest: Digest

    /// A file of the given facts.
    package init(path: String, byteCount: Int, digest: Digest) {
      self.path = path
      self.byteCount = byteCount
      self.digest = digest
    }
  }

  private typealias Entity = [String: Any]

  private let results: SweepResults
  private let files: [File]
  private let sweepFile: String
  private let published: Date
  private let paths: Set<String>

  /// The crate of a sweep.
  ///
  /// - Parameters:
  ///   - files: All files of the crate except the metadata.
  ///   - sweepFile: The path of the sweep file among them.
  ///   - published: The time of the export.
  package init(of results: SweepResults, files: [File], sweepFile: String, published: Date) {
    self.results = results
    self.files = files
    self.sweepFile = sweepFile
    self.published = published
    paths = Set(files.map(\.path))
  }

  /// The path of a trial's configuration, relative to the crate.
  package static func configurationPath(of trial: TrialID) -> String {
    "configurations/\(trial).json"
  }

  /// The file's bytes.
  package var data: Data {
    let graph: [Entity] =
      [descriptor, root, profile] + files.map(entity) + images + programs + [sweepAction] + actions
    let crate: Entity = ["@context": "https://w3id.org/ro/crate/1.1/context", "@graph": graph]
    let options: JSONSerialization.WritingOptions = [
      .prettyPrinted, .sortedKeys, .withoutEscapingSlashes,
    ]
    do {
      return try JSONSerialization.data(withJSONObject: crate, options: options) + Data("\n".utf8)
    } catch {
      preconditionFailure("texts and whole numbers are always JSON: \(error)")
    }
  }

  private func link(_ identifier: String) -> Entity { ["@id": identifier] }

  private static let profileAddress = "https://w3id.org/ro/wfrun/process/0.5"

  private var descriptor: Entity {
    [
      "@id": Self.name, "@type": "CreativeWork", "about": link("./"),
      "conformsTo": link("https://w3id.org/ro/crate/1.1"),
    ]
  }

  private var profile: Entity {
    [
      "@id": Self.profileAddress, "@type": "CreativeWork", "name": "Process Run Crate",
      "version": "0.5",
    ]
  }

  private var root: Entity {
    [
      "@id": "./", "@type": "Dataset", "name": PlainText.line(results.plan.name),
      "description": PlainText.line(results.plan.question),
      "datePublished": published.ISO8601Format(), "conformsTo": link(Self.profileAddress),
      "hasPart": files.map { link($0.path) },
      "mentions": [link("#sweep")] + results.trials.filter(hasEnded).map { link(action($0)) },
    ]
  }

  private func entity(of file: File) -> Entity {
    let types = [
      "csv": "text/csv", "html": "text/html", "json": "application/json", "svg": "image/svg+xml",
      "png": "image/png", "md": "text/markdown", "tex": "application/x-tex",
      "txt": "text/plain", "yaml": "application/yaml",
    ]
    var entity: Entity = [
      "@id": file.path, "@type": "File", "name": file.path,
      "contentSize": String(file.byteCount), "sha256": file.digest.hexadecimal,
    ]
    let ending = file.path.split(separator: ".").last.map(String.init) ?? ""
    entity["encodingFormat"] = types[ending] ?? "application/octet-stream"
    return entity
  }

  /// The image archives, by digest.
  private var images: [Entity] {
    var archives: [Digest: Dataset] = [:]
    for trial in results.trials {
      guard let provenance = trial.result?.provenance else { continue }
      archives[provenance.images] = provenance.configuration.dataset
    }
    return archives.sorted { $0.key.hexadecimal < $1.key.hexadecimal }.map { digest, dataset in
      [
        "@id": imagesName(digest), "@type": "CreativeWork", "name": "images of \(dataset.name)",
        "identifier": "sha256:\(digest.hexadecimal)",
      ]
    }
  }

  private func imagesName(_ digest: Digest) -> String { "#images-\(digest.hexadecimal)" }

  /// The programs that computed trials, one per build.
  private var programs: [Entity] {
    let builds = Set(results.trials.compactMap { $0.result.map(build) }).sorted()
    let own: Entity = [
      "@id": "#coordinator", "@type": "SoftwareApplication", "name": "BottleneckSweep coordinator",
      "softwareVersion": ProductVersion.current,
    ]
    return [own]
      + builds.map { build in
        [
          "@id": program(build), "@type": "SoftwareApplication", "name": "BottleneckSweep worker",
          "softwareVersion": build,
        ]
      }
  }

  private func build(of result: TrialResult) -> String {
    let versions = result.provenance.versions
    let text =
      versions[TrialProvenance.program]
      ?? versions.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: "; ")
    return PlainText.line(text)
  }

  private func program(_ build: String) -> String { "#worker-\(Digest.of(build).hexadecimal)" }

  private var sweepAction: Entity {
    let made = files.map(\.path).filter {
      !$0.contains("/") && $0 != sweepFile && $0 != "PARTIAL"
    }
    return [
      "@id": "#sweep", "@type": "CreateAction", "name": "tables and figures of the sweep",
      "instrument": link("#coordinator"), "object": [link(sweepFile)],
      "result": made.map(link), "endTime": published.ISO8601Format(),
      "actionStatus": link("http://schema.org/CompletedActionStatus"),
    ]
  }

  private func hasEnded(_ trial: RecordedTrial) -> Bool {
    trial.result != nil || trial.status == .failed
  }

  private func action(_ trial: RecordedTrial) -> String { "#\(trial.planned.id)" }

  private var actions: [Entity] {
    results.trials.filter(hasEnded).map { trial in
      let id = trial.planned.id
      let configuration = Self.configurationPath(of: id)
      let inputs = [sweepFile, configuration].filter(paths.contains)
      var entity: Entity = [
        "@id": action(trial), "@type": "CreateAction",
        "name": "trial \(id), stage \(PlainText.line(trial.planned.stage))",
        "object": inputs.map(link),
      ]
      guard let result = trial.result else {
        entity["instrument"] = link("#coordinator")
        entity["actionStatus"] = link("http://schema.org/FailedActionStatus")
        entity["error"] = trial.failure.map { PlainText.line("\($0)") } ?? "failed"
        return entity
      }
      let provenance = result.provenance
      entity["instrument"] = link(program(build(of: result)))
      entity["object"] = (inputs + [imagesName(provenance.images)]).map(link)
      entity["result"] = ["models/\(id).safetensors", "trajectories/\(id).csv"]
        .filter(paths.contains).map(link)
      entity["actionStatus"] = link("http://schema.org/CompletedActionStatus")
      entity["description"] = PlainText.line(
        "\(provenance.steps) steps on \(provenance.host), \(provenance.processor), "
          + provenance.instructionSet)
      if let start = try? Date(provenance.started, strategy: .iso8601),
        (0...1e10).contains(provenance.seconds)
      {
        entity["startTime"] = start.ISO8601Format()
        entity["endTime"] = start.addingTimeInterval(provenance.seconds).ISO8601Format()
      }
      return entity
    }
  }
}
