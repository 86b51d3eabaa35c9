import Digests
import Foundation
import Trials

/// `report.html`: a sweep as one self-contained file.
///
/// It has figures, a table, a section per trial, provenance, and how to cite. It has at most about
/// ``byteCountMaximum`` bytes and says what it omits.
struct ReportPage {
  /// The file's name.
  static let name = "report.html"
  /// The approximate maximum size of the page.
  static let byteCountMaximum = 10_000_000
  /// The part for figures; a figure that does not fit is only beside the page.
  private static let figureByteCountMaximum = 3_000_000
  /// The most trials with a section: the first complete ones of the plan.
  static let sectionCountMaximum = 100
  /// The part for all sections.
  private static let sectionsByteCountMaximum = 6_000_000
  /// The most trials in the table.
  static let rowCountMaximum = 1500

  /// Cached sections by trial, each with its result's digest.
  private var sections: [TrialID: (result: Digest, html: String)] = [:]
  /// The names of the trials of a plan.
  private var named: (plan: SweepPlan, names: TrialNames)?

  /// A page without cached sections.
  init() {}

  /// The page's bytes.
  ///
  /// - Parameters:
  ///   - figures: The drawings among the outputs, by their names.
  ///   - problems: Receives the errors of files.
  mutating func html(
    of results: SweepResults, figures: [(name: String, svg: Data)], counts: ImageCounts,
    loader: ArtifactLoader, problems: inout [ReportError]
  ) -> Data {
    let names = names(of: results.plan)
    let completeCount = results.trials.count { $0.result != nil }
    let shown = Array(
      results.trials.lazy.filter { $0.result != nil }.prefix(Self.sectionCountMaximum))
    keep(shown)
    let room = Self.sectionsByteCountMaximum / max(1, shown.count)
    var text = Self.head(of: results)
    text += Self.figures(figures)
    text += Self.table(of: results, names: names, withSection: Set(shown.map(\.planned.id)))
    text += "<h2>Trials</h2>\n"
    if shown.isEmpty { text += "<p>No trial has a result yet.</p>\n" }
    if shown.count < completeCount {
      text +=
        "<p class=\"note\">The first \(shown.count) of \(completeCount) complete trials have a "
        + "section here; the courses of all are in <code>trajectories</code>.</p>\n"
    }
    for trial in shown {
      text += section(
        of: trial, name: names.name(of: trial.planned),
        asksForLatents: results.plan.outputs.contains(.latents), room: min(room, 200_000),
        counts: counts, loader: loader, problems: &problems)
    }
    text += Self.provenance(of: results)
    text += Self.citation(of: results)
    return Data((text + "</main></body></html>\n").utf8)
  }

  /// The names of a plan's trials, computed once.
  mutating func names(of plan: SweepPlan) -> TrialNames {
    if let named, named.plan == plan { return named.names }
    let names = TrialNames(of: plan.trials)
    named = (plan, names)
    return names
  }

  /// Removes cached sections of trials that no longer have one.
  private mutating func keep(_ shown: [RecordedTrial]) {
    let kept = Set(shown.map(\.planned.id))
    sections = sections.filter { kept.contains($0.key) }
  }

  private mutating func section(
    of trial: RecordedTrial, name: String, asksForLatents: Bool, room: Int, counts: ImageCounts,
    loader: ArtifactLoader, problems: inout [ReportError]
  ) -> String {
    let id = trial.planned.id
    let digest = Digest.of(
      (trial.result?.artifacts ?? []).map(\.digest.hexadecimal).joined()
        + " \(room) \(asksForLatents) \(name) \(counts.title(of: trial.planned.configuration.dataset))"
        + " \(trial.result?.provenance.started ?? "") \(trial.result?.provenance.host ?? "")")
    if let known = sections[id], known.result == digest { return known.html }
    var found: [ReportError] = []
    let html = TrialSection(
      trial: trial, name: name, loader: loader, counts: counts, asksForLatents: asksForLatents,
      byteCountMaximum: room
    ).html(&found)
    problems += found
    // Do not cache a section with missing files; they may be there next time.
    if found.isEmpty { sections[id] = (digest, html) }
    return html
  }

  private static func head(of results: SweepResults) -> String {
    let completion = Completion(of: results)
    let name = HTMLText.escaped(results.plan.name)
    let banner = completion.banner.map { "<p class=\"note\">\(HTMLText.escaped($0))</p>\n" } ?? ""
    return """
      <!DOCTYPE html>
      <html lang="en"><head><meta charset="utf-8">
      <meta http-equiv="Content-Security-Policy" \
      content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <title>\(name)</title>
      <style>
      \(HTMLText.style)</style></head>
      <body><main>
      <h1>\(name)</h1>
      <p>\(HTMLText.escaped(results.plan.question))</p>
      <p class="quiet">\(completion.complete) of \(completion.total) trials are complete. The numbers \
      with all their digits are in <code>trials.csv</code> beside this page.</p>
      \(banner)
      """
  }

  private static func figures(_ figures: [(name: String, svg: Data)]) -> String {
    guard !figures.isEmpty else { return "" }
    var text = "<h2>Figures</h2>\n"
    var room = figureByteCountMaximum
    for figure in figures {
      let name = HTMLText.escaped(figure.name)
      guard figure.svg.count <= room else {
        text +=
          "<p class=\"note\"><code>\(name)</code> (\(figure.svg.count / 1000) kB) is too large "
          + "for this page; it stands beside it.</p>\n"
        continue
      }
      room -= figure.svg.count
      text += "<figure>\(HTMLText.drawing(figure.svg))<figcaption>\(name)</figcaption></figure>\n"
    }
    return text
  }

  private static func table(
    of results: SweepResults, names: TrialNames, withSection linked: Set<TrialID>
  ) -> String {
    let parents = Set(results.trials.prefix(rowCountMaximum).flatMap(\.planned.parents))
    let reports = parents.isEmpty ? [:] : results.lastReports
    let rows = results.trials.prefix(rowCountMaximum).map { trial -> [String] in
      let id = trial.planned.id
      let used = trial.configurationUsed(in: reports)
      let last = trial.lastReport
      let link =
        linked.contains(id) ? "<a href=\"#\(TrialSection.anchor(of: trial))\">\(id)</a>" : "\(id)"
      let name = names.name(of: trial.planned)
      let texts = [name, trial.status.rawValue] + Self.numbers(used, last)
      return [link] + texts.map(HTMLText.escaped)
    }
    let left = results.trials.count - rows.count
    let more = left > 0 ? " \(left) trials more are in trials.csv." : ""
    let header = [
      "trial", "name", "status", "τ", "n", "gates open", "mse", "evaluation mse", "τ kept", "step",
    ]
    return "<h2>Table</h2>\n"
      + HTMLText.table(
        "What every trial had found last.\(more)", header: header, texts: 3, rows: rows)
  }

  /// τ, n and the numbers of the last report, as texts; empty if unknown.
  private static func numbers(
    _ configuration: TrialConfiguration, _ report: MilestoneReport?
  ) -> [String] {
    let tolerance = configuration.tolerance(at: report)
    let latents = try? configuration.resolvedLatents()
    let given = [
      tolerance.map { NumberText.compact($0, upTo: 3) } ?? "", latents.map(String.init) ?? "",
    ]
    guard let report else { return given + Array(repeating: "", count: 5) }
    let kept = report.toleranceMet.map { $0 ? "yes" : "no" } ?? ""
    return given + [
      String(report.gatesOpen), NumberText.fixed(report.mse, 3),
      NumberText.fixed(report.evaluationMSE, 3), kept, NumberText.count(report.step),
    ]
  }

  private static func provenance(of results: SweepResults) -> String {
    struct Origin: Hashable {
      var build: String
      var instructionSet: String
    }
    var origins: [Origin: Int] = [:]
    var images: [Digest: (dataset: Dataset, count: Int)] = [:]
    var hosts: Set<String> = []
    var seconds = 0.0
    for trial in results.trials {
      guard let provenance = trial.result?.provenance else { continue }
      let build = provenance.versions[TrialProvenance.program] ?? "another program"
      origins[Origin(build: build, instructionSet: provenance.instructionSet), default: 0] += 1
      images[provenance.images, default: (provenance.configuration.dataset, 0)].count += 1
      hosts.insert(provenance.host)
      if provenance.processorSeconds.isFinite { seconds += provenance.processorSeconds }
    }
    guard !origins.isEmpty else { return "" }
    let built = origins.map { origin, count in
      [origin.build, origin.instructionSet, String(count)].map(HTMLText.escaped)
    }.sorted { $0.joined(separator: " ") < $1.joined(separator: " ") }
    let trained = images.map { digest, use in
      [use.dataset.name, digest.hexadecimal, String(use.count)].map(HTMLText.escaped)
    }.sorted { $0.joined(separator: " ") < $1.joined(separator: " ") }
    let named =
      hosts.sorted().prefix(20).joined(separator: ", ")
      + (hosts.count > 20 ? " and \(hosts.count - 20) more" : "")
    let hours = NumberText.compact(seconds / 3600, upTo: 2)
    var text = "<h2>Provenance</h2>\n"
    text += HTMLText.table(
      "What computed the results; equal trials have equal bits where both are the same.",
      header: ["build", "instruction set", "trials"], texts: 2, rows: Array(built.prefix(20)))
    text += HTMLText.table(
      "The image archives that were trained on.", header: ["data set", "SHA-256", "trials"],
      texts: 2, rows: Array(trained.prefix(40)))
    text += "<p>\(hours) core-hours on \(HTMLText.escaped(named)). "
    return text + "Each trial's own is in <code>provenance.csv</code>.</p>\n"
  }

  private static func citation(of results: SweepResults) -> String {
    let digests = results.trials.compactMap { $0.result?.milestones.last?.stateDigest?.hexadecimal }
    let states = Digest.of(digests.joined(separator: "\n")).hexadecimal
    return """
      <h2>How to cite</h2>
      <p>The method, and with it the program and these results by the SHA-256 of their final states:</p>
      <pre>C. De Boom, S. Wauthier, T. Verbelen, B. Dhoedt. Dynamic Narrowing of VAE Bottlenecks Using \
      GECO and L0 Regularization.
      BottleneckSweep \(HTMLText.escaped(ProductVersion.current)), sweep “\
      \(HTMLText.escaped(results.plan.name))”, \(digests.count) trials, final states \
      sha256:\(states)</pre>

      """
  }
}
