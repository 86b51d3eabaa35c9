import Digests
import Foundation
import Trials

/// Updates a sweep's output directory from its results.
///
/// Files are replaced atomically, and only if their content changes; ``OutputLedger`` notes each.
///
/// Always written: `trials.csv`, `trials.json`, `provenance.csv`, `trajectories/<trial>.csv`,
/// `report.html` and the file `PARTIAL` until every trial has ended. By the plan's outputs:
/// `figure1.{svg,tex}`, `figure2.svg` with `figure2/<trial>.png`, `figure3.{csv,json,svg,tex}`,
/// `table1.{csv,json,md,tex}`, `gates.{csv,json}`, `latents.{csv,json}` with `latents/<trial>.svg`.
/// The caller copies ``Outcome/copies``.
///
/// A writer remembers which finished trials it has written, so that an update of a long sweep
/// processes only new ones.
package struct ReportWriter {
  /// The outcome of a round of writing.
  package struct Outcome: Sendable {
    /// Files that changed, relative to the directory, in the order of writing.
    package var written: [String] = []
    /// Every file that would be written, with its digest; only if the writer has no directory.
    package var made: [(path: String, digest: Digest)] = []
    /// Files of finished trials that belong beside the reports, for the caller to copy; only
    /// those of trials that changed since the last round.
    package var copies: [ArtifactCopy] = []
    /// The errors; everything else was made.
    package var problems: [ReportError] = []
  }

  /// A trial's file and the path of its copy.
  package struct ArtifactCopy: Hashable, Sendable {
    /// The trial.
    package let trial: TrialID
    /// The file.
    package let artifact: Artifact
    /// The copy's path, relative to the directory: `models/<trial>.safetensors`,
    /// `logs/<trial>.<attempt>.txt`.
    package let path: String
  }

  /// The numbers of images of the data sets, from finished trials.
  package private(set) var counts = ImageCounts()

  /// What the name of a file ends with while it is written.
  package static let asideEnding = ".part"

  private let directory: URL?
  /// The digests of the files written to the directory.
  private var ledger: OutputLedger?
  /// The files that are in place.
  private var placed: [String: PlacedFile] = [:]
  private var tables = TrialTables()
  /// The grid points of a plan.
  private var grouped: (plan: SweepPlan, grouping: GridPoints.Grouping)?
  private let loader: ArtifactLoader
  /// What each trajectory in place was made of: the digest of its two sources' digests.
  private var writtenTrials: [TrialID: Digest] = [:]
  /// Reconstructions whose number of images was read.
  private var countedFiles: Set<Digest> = []
  private var writtenStrips: [TrialID: Digest] = [:]
  /// The gates of finished trials, each with its trajectory's digest.
  private var gateCourses: [TrialID: (trajectory: Digest, gates: [GateCourse])] = [:]
  /// The latent dimensions of finished trials, each with its record's digest.
  private var latentRecords: [TrialID: (record: Digest, dimensions: [LatentRecord.Dimension])] = [:]
  private var page = ReportPage()
  /// Reports whose emptiness was reported.
  private var toldEmpty: Set<String> = []

  /// A writer of one sweep's reports.
  ///
  /// - Parameters:
  ///   - directory: The sweep's output directory; nil to write nothing, and learn of every file
  ///     what its bytes would be.
  ///   - load: Fetches a finished trial's file by its digest; its errors are reported with the trial's
  ///     name.
  package init(directory: URL?, load: @escaping (Artifact) throws -> Data) {
    self.directory = directory
    ledger = directory.map { OutputLedger(in: $0) }
    loader = ArtifactLoader(load: load)
  }

  /// Updates every report.
  ///
  /// The file `PARTIAL` is written before any partial report, and removed after all are final.
  ///
  /// - Parameter changed: The places in the plan of the trials that may differ from those of the
  ///   last round; nil for all of them.
  package mutating func write(_ results: SweepResults, changed: Set<Int>? = nil) -> Outcome {
    var round = ReportRound(directory: directory, ledger: ledger, placed: placed)
    // The round has the only one, so that it need not copy it.
    ledger = nil
    defer {
      round.ledger?.tidy()
      ledger = round.ledger
      placed = round.placed
    }
    let changedPlaces = changed?.sorted() ?? Array(results.trials.indices)
    // The files of discarded results were removed, so write them again even if they are equal.
    for place in changedPlaces where results.trials[place].result == nil {
      let trial = results.trials[place].planned.id
      writtenTrials[trial] = nil
      writtenStrips[trial] = nil
      gateCourses[trial] = nil
      latentRecords[trial] = nil
    }
    let completion = Completion(of: results)
    if !results.isComplete { round.put("PARTIAL", Data(completion.mark.utf8)) }

    countImages(results)

    tables.take(results, changed: changed, counts: counts)
    round.put("trials.csv", parts: tables.csv)
    round.put("trials.json", parts: tables.json(ReportHead(of: results)))
    round.put("provenance.csv", parts: tables.provenance)
    writeTrajectories(results, in: &round)

    let outputs = Set(results.plan.outputs)
    if !results.plan.narrows {
      for figure in [SweepOutput.figure1, .figure2, .figure3, .gates] where outputs.contains(figure)
      {
        tell(
          figure.rawValue, "nothing to show: no trial of this sweep narrows, all have tolerance 0",
          isFinal: true, in: &round)
      }
    }
    if outputs.contains(.figure1) { writeFigure1(results, in: &round) }
    if outputs.contains(.figure2) { writeFigure2(results, in: &round) }
    if outputs.contains(.figure3) { writeFigure3(results, in: &round) }
    if outputs.contains(.gates) { writeGates(results, in: &round) }
    if outputs.contains(.latents) { writeLatents(results, in: &round) }
    if outputs.contains(.table1) {
      let table = Table1(of: results, counts: counts, grouping: grouping(of: results))
      round.put("table1.csv", table.csv)
      round.put("table1.json", table.json)
      round.put("table1.md", table.markdown)
      round.put("table1.tex", table.latex)
      if let emptiness = table.emptiness {
        tell("table1", emptiness, isFinal: !results.plan.hasMeasuredTolerance, in: &round)
      }
    }
    writePage(results, in: &round)
    if results.isComplete { round.remove("PARTIAL") }
    round.outcome.copies = changedPlaces.flatMap { Self.copies(of: results.trials[$0]) }
    return round.outcome
  }

  private mutating func writePage(_ results: SweepResults, in round: inout ReportRound) {
    var problems: [ReportError] = []
    let page = page.html(
      of: results, figures: round.drawings, counts: counts, loader: loader, problems: &problems)
    round.put(ReportPage.name, page)
    for problem in problems { round.note(problem) }
  }

  /// Notes copies that the caller is about to make.
  package mutating func note(_ copies: some Sequence<ArtifactCopy>) {
    ledger?.note(copies.map { ($0.path, $0.artifact.digest) })
  }

  /// Notes that the caller has removed files.
  package mutating func forget(_ paths: [String]) { ledger?.forget(paths) }

  /// Reports once that a report is empty and will stay empty.
  private mutating func tell(
    _ path: String, _ reason: String, isFinal: Bool, in round: inout ReportRound
  ) {
    guard isFinal, toldEmpty.insert(path).inserted else { return }
    round.note(.empty(path: path, reason: reason))
  }

  /// Reads the number of images of each data set from its first finished trial that has it.
  private mutating func countImages(_ results: SweepResults) {
    for trial in results.trials {
      let dataset = trial.planned.configuration.dataset
      guard !counts.isKnown(dataset),
        let artifact = trial.result?.artifacts.first(where: { $0.kind == .reconstructions }),
        countedFiles.insert(artifact.digest).inserted
      else { continue }
      // A missing file is reported when its images are drawn.
      let images = try? loader.parse(.reconstructions, of: trial) { try Reconstructions($0) }
      if let images {
        counts.take(
          images.metadata, of: dataset, archive: trial.result?.provenance.images)
      }
    }
  }

  private static func copies(of trial: RecordedTrial) -> [ArtifactCopy] {
    let id = trial.planned.id
    return (trial.result?.artifacts ?? []).compactMap { artifact -> ArtifactCopy? in
      switch (artifact.kind, trial.recordedAttempt) {
      case (.model, _):
        ArtifactCopy(trial: id, artifact: artifact, path: "models/\(id).safetensors")
      case (.log, let attempt?) where artifact.byteCount > 0:
        ArtifactCopy(trial: id, artifact: artifact, path: "logs/\(id).\(attempt).txt")
      default: nil
      }
    }
  }

  private mutating func writeTrajectories(_ results: SweepResults, in round: inout ReportRound) {
    var files: [(path: String, data: Data)] = []
    var owners: [(trial: TrialID, digest: Digest)] = []
    func put(_ writtenTrials: inout [TrialID: Digest], _ round: inout ReportRound) {
      for (owner, isPlaced) in zip(owners, round.put(files)) where isPlaced {
        writtenTrials[owner.trial] = owner.digest
      }
      (files, owners) = ([], [])
    }
    for trial in results.trials where trial.result != nil {
      let id = trial.planned.id
      let sources = (trial.result?.artifacts ?? []).filter {
        $0.kind == .trajectory || $0.kind == .pace
      }
      let digest = Digest.of(sources.map(\.digest.hexadecimal).joined(separator: " "))
      guard writtenTrials[id] != digest else { continue }
      round.attempt { _ throws(ReportError) in
        let trajectory = try loader.parse(.trajectory, of: trial) { try TrajectoryTable($0) }
        let pace = try loader.parse(.pace, of: trial) { try PaceTable($0) }
        files.append(("trajectories/\(id).csv", trajectory.joined(with: pace)))
        owners.append((id, digest))
      }
      if files.count == Self.commonWriteCountMaximum { put(&writtenTrials, &round) }
    }
    put(&writtenTrials, &round)
  }

  /// The most files written under temporary names before they are renamed.
  private static let commonWriteCountMaximum = 512

  /// One drawing for the first narrowing trial with a result; with several data sets one each,
  /// the first without the data set in its name.
  private func writeFigure1(_ results: SweepResults, in round: inout ReportRound) {
    var shown: [Dataset] = []
    for trial in results.trials
    where trial.result != nil && trial.planned.configuration.narrows {
      let dataset = trial.planned.configuration.dataset
      guard !shown.contains(dataset) else { continue }
      let name = shown.isEmpty ? "figure1" : "figure1-\(dataset.name)"
      shown.append(dataset)
      round.attempt { round throws(ReportError) in
        let trajectory = try loader.parse(.trajectory, of: trial) { try TrajectoryTable($0) }
        let banner = Completion(of: results).banner
        round.put(
          "\(name).svg",
          Figure1Drawing(
            trial: trial, trajectory: trajectory, banner: banner, counts: counts
          ).svg)
        round.put(
          "\(name).tex",
          Figure1Source(
            trial: trial, trajectory: trajectory, banner: banner, counts: counts, file: name
          ).tex)
      }
    }
  }

  private mutating func writeFigure2(_ results: SweepResults, in round: inout ReportRound) {
    var rows: [Figure2Drawing.Row] = []
    let gridPoints = GridPoints(of: results, grouping: grouping(of: results))
    let reports = results.lastReports
    var facts: [SeriesLabels.Facts] = []
    for trial in results.trials
    where trial.result != nil && trial.planned.configuration.narrows {
      let id = trial.planned.id
      round.attempt { round throws(ReportError) in
        let images = try loader.parse(.reconstructions, of: trial) { try Reconstructions($0) }
        // The drawing has one row per grid point: its first complete replicate.
        if let point = gridPoints.point(of: id),
          point.trials.first(where: { $0.result != nil })?.planned.id == id
        {
          facts.append(SeriesLabels.Facts(of: point, in: reports))
          rows.append(Figure2Drawing.Row(trial: trial, images: images))
        }
        let digest = trial.result?.artifacts.first { $0.kind == .reconstructions }?.digest
        guard writtenStrips[id] != digest else { return }
        if round.put("figure2/\(id).png", images.strip.png) { writtenStrips[id] = digest }
      }
    }
    for (index, text) in SeriesLabels.distinctions(of: facts).enumerated() {
      rows[index].series = text
    }
    let drawing = Figure2Drawing(
      rows: rows, name: results.plan.name, banner: Completion(of: results).banner, counts: counts)
    round.put("figure2.svg", drawing.svg)
  }

  private mutating func writeGates(_ results: SweepResults, in round: inout ReportRound) {
    for trial in results.trials
    where trial.result != nil && trial.planned.configuration.narrows {
      readGates(of: trial, in: &round)
    }
    let narrowing = Set(
      results.plan.trials.lazy.filter { $0.configuration.narrows }.map(\.id))
    let table = GateTable(
      of: results,
      courses: gateCourses.filter { narrowing.contains($0.key) }.mapValues(\.gates))
    round.put("gates.csv", table.csv)
    round.put("gates.json", table.json)
  }

  private mutating func readGates(of trial: RecordedTrial, in round: inout ReportRound) {
    let id = trial.planned.id
    guard let artifact = trial.result?.artifacts.first(where: { $0.kind == .trajectory }),
      gateCourses[id]?.trajectory != artifact.digest
    else { return }
    round.attempt { _ throws(ReportError) in
      let trajectory = try loader.parse(.trajectory, of: trial) { try TrajectoryTable($0) }
      gateCourses[id] = (artifact.digest, GateCourse.all(of: trajectory))
    }
  }

  private mutating func writeLatents(_ results: SweepResults, in round: inout ReportRound) {
    let names = page.names(of: results.plan)
    for trial in results.trials where trial.result != nil {
      let id = trial.planned.id
      readGates(of: trial, in: &round)
      guard let artifact = trial.result?.artifacts.first(where: { $0.kind == .latents }) else {
        latentRecords[id] = nil
        continue
      }
      guard latentRecords[id]?.record != artifact.digest else { continue }
      round.attempt { round throws(ReportError) in
        let record = try loader.parse(.latents, of: trial) { try LatentRecord($0) }
        let title = counts.title(of: trial.planned.configuration.dataset)
        let drawing = TraversalDrawing(
          record: record, title: "\(title), \(names.name(of: trial.planned))")
        guard round.put(LatentTable.picturePath(of: id), drawing.svg) else { return }
        latentRecords[id] = (artifact.digest, record.dimensions)
      }
    }
    let table = LatentTable(
      of: results, names: names, records: latentRecords.mapValues(\.dimensions),
      courses: gateCourses.mapValues(\.gates))
    round.put("latents.csv", table.csv)
    round.put("latents.json", table.json)
  }

  private mutating func grouping(of results: SweepResults) -> GridPoints.Grouping {
    if let grouped, grouped.plan == results.plan { return grouped.grouping }
    let grouping = GridPoints.Grouping(of: results)
    grouped = (results.plan, grouping)
    return grouping
  }

  private mutating func writeFigure3(_ results: SweepResults, in round: inout ReportRound) {
    let front = Front(of: results, grouping: grouping(of: results))
    let table = Figure3Table(of: front, in: results, counts: counts)
    let csv = table.csv
    round.put("figure3.csv", csv)
    round.put("figure3.json", table.json)
    var samples: [Dataset: Figure3Drawing.Samples] = [:]
    for dataset in Set(front.series.map(\.dataset)) {
      for point in Figure3Drawing.chosenPoints(of: front, dataset: dataset) {
        guard let trial = point.gridPoint.trials.first(where: { $0.result != nil }) else {
          continue
        }
        round.attempt { _ throws(ReportError) in
          let images = try loader.parse(.reconstructions, of: trial) { try Reconstructions($0) }
          samples[dataset, default: .init(original: images.originals[0], samples: [])]
            .samples.append(.init(point: point, image: images.reconstructions[0]))
        }
      }
    }
    let drawing = Figure3Drawing(
      front: front, samples: samples, name: results.plan.name,
      banner: Completion(of: results).banner, counts: counts)
    round.put("figure3.svg", drawing.svg)
    let source = Figure3Source(
      front: front, csv: csv, name: results.plan.name, banner: Completion(of: results).banner,
      counts: counts)
    round.put("figure3.tex", source.tex)
  }
}

extension SweepPlan {
  /// Whether any trial narrows its bottleneck.
  fileprivate var narrows: Bool { trials.contains { $0.configuration.narrows } }
  /// Whether any trial's tolerance is measured by a parent.
  fileprivate var hasMeasuredTolerance: Bool {
    trials.contains { $0.configuration.tolerance.measurement != nil }
  }
}
