import Foundation
import TestSupport
import Testing
import Trials

@testable import Reports

@Suite("report.html")
struct ReportPageTests {
  private let directory: TemporaryFolder

  init() throws { directory = try TemporaryFolder() }

  /// A sweep over as many tolerances, the first of which are complete.
  private func sweep(
    _ count: Int, complete: Int? = nil, name: String = "front", stage: String = "narrowed",
    latents: Int = 3, sampleCount: Int = 5, noisyImages: Int = 0
  ) -> SampleSweep {
    var sweep = SampleSweep(
      name: name, outputs: [.figure1, .figure2, .figure3],
      trials: (0..<count).map { index in
        PlannedTrial(
          stage: stage, replicate: 0,
          configuration: SampleSweep.configuration(
            latents: latents, tolerance: .value(Double(index + 2)),
            milestones: [.batches(500), .batches(1000)]))
      })
    var numbers = RandomNumbers(seed: 3)
    let side = noisyImages > 0 ? 64 : 2
    for index in 0..<(complete ?? count) {
      let images = (0..<noisyImages).map { _ in
        let image = (0..<side * side).map { _ in UInt8(abs(numbers.next()) * 255) }
        return (original: image, reconstruction: image)
      }
      sweep.complete(
        index, gatesOpen: [latents, latents / 2], mse: 2.5 + Double(index) / 100,
        sampleCount: sampleCount,
        imageSide: side, images: images)
    }
    return sweep
  }

  private func page(
    of sweep: SampleSweep, expecting problems: Int = 0
  ) throws -> String {
    var writer = ReportWriter(directory: directory.url, load: sweep.load)
    let outcome = writer.write(sweep.results)
    #expect(outcome.problems.count == problems, "\(outcome.problems)")
    return try String(contentsOf: directory.url.appending(path: "report.html"), encoding: .utf8)
  }

  @Test("has the figures, a row for every trial, and a section for every complete one")
  func whole() throws {
    let sweep = sweep(4, complete: 3)
    let page = try page(of: sweep)
    for figure in ["figure1.svg", "figure2.svg", "figure3.svg"] {
      #expect(page.contains("<figcaption>\(figure)</figcaption>"))
    }
    for (index, trial) in sweep.results.trials.enumerated() {
      let id = trial.planned.id
      #expect(page.contains("<section class=\"trial\" id=\"trial-\(id)\">") == (index < 3))
      #expect(page.contains("<a href=\"#trial-\(id)\">\(id)</a>") == (index < 3))
      #expect(page.contains("<td>\(id)</td>") == (index == 3))
      #expect(page.contains("coordinator reproduce DIR \(id)") == (index < 3))
    }
    #expect(page.contains("partial: 3 of 4 trials"))
    #expect(page.contains("When each gate closed (1 of 3 are open)"))
    #expect(page.contains("2 of 2 recorded images"))
    #expect(page.contains("CPU &quot;fast&quot;"))
    #expect(page.contains("How to cite"))
  }

  @Test("loads nothing from elsewhere and has no scripts")
  func selfContained() throws {
    let page = try page(of: sweep(3))
    #expect(page.contains("default-src 'none'; img-src data:; style-src 'unsafe-inline'"))
    for word in ["<script", "src=\"http", "href=\"http", "url(", "@import", "<link", "onload"] {
      #expect(!page.contains(word), "\(word)")
    }
    #expect(page.ranges(of: "<img ").count == page.ranges(of: "src=\"data:image/png").count)
    #expect(page.ranges(of: "<img ").count == page.ranges(of: " alt=\"").count)
  }

  @Test("names from sweep files, hosts and failures are escaped")
  func hostile() throws {
    let attack = "</title><script>alert('x')</script><img src=x onerror=\"y\">"
    var sweep = sweep(2, name: attack, stage: attack)
    sweep.results.plan.question = attack
    for index in 0..<2 {
      sweep.results.trials[index].worker = attack
      sweep.results.trials[index].result?.provenance.host = attack
      sweep.results.trials[index].result?.provenance.processor = attack
      sweep.results.trials[index].result?.provenance.instructionSet = attack
      sweep.results.trials[index].result?.provenance.started = attack
      sweep.results.trials[index].result?.provenance.versions = ["bottlenecksweep": attack]
    }
    let page = try page(of: sweep)
    for word in ["<script", "<img src=x", "</title><"] {
      #expect(!page.contains(word), "\(word)")
    }
    #expect(page.contains("&lt;script&gt;alert(&#39;x&#39;)"))
  }

  @Test("has at most 10 MB at 100 trials of many gates, samples and images that do not compress")
  func size() throws {
    let page = try page(
      of: sweep(100, latents: 60, sampleCount: 200, noisyImages: 8))
    #expect(page.utf8.count <= ReportPage.byteCountMaximum)
    #expect(page.ranges(of: "<section class=\"trial\"").count == 100)
    #expect(page.contains("150 of 200 samples are drawn."))
    #expect(page.contains(" of 8 recorded images"))
  }

  @Test("beyond that it says what it omits")
  func thinned() throws {
    let page = try page(of: sweep(1700, complete: 130))
    #expect(page.contains("The first 100 of 130 complete trials have a section here"))
    #expect(page.contains("200 trials more are in trials.csv."))
    #expect(page.utf8.count <= ReportPage.byteCountMaximum)
  }

  @Test("a missing file is reported only in its trial's section")
  func lost() throws {
    var sweep = sweep(2)
    let artifact = try #require(
      sweep.results.trials[0].result?.artifacts.first { $0.kind == .trajectory })
    let other = sweep.results.trials[1].result?.artifacts.first { $0.kind == .trajectory }
    try #require(artifact.digest != other?.digest)
    sweep.files[artifact.digest] = nil
    let page = try page(of: sweep, expecting: 1)
    #expect(page.ranges(of: "No traces: trial \(sweep.results.trials[0].planned.id)").count == 1)
    #expect(page.ranges(of: "<section class=\"trial\"").count == 2)
  }

  @Test("a gate's closing step is the one after which it stays closed; the last to close are first")
  func closings() throws {
    let header = (TrajectoryText.fixedColumns + (0..<4).map { "gate_\($0)" }).joined(separator: ",")
    let gates = ["0.9,0.9,0.9,0.1", "0.9,0.2,0.4,0.1", "0.9,0.9,0.3,0.1", "0.6,0.5,0.3,0.1"]
    let rows = gates.enumerated().map { "\($0 + 1),1,1,1,1,1,1,1,1,\($1)" }
    let trajectory = try TrajectoryTable(Data(([header] + rows).joined(separator: "\n").utf8))
    let courses = GateCourse.byClosing(GateCourse.all(of: trajectory).reversed())
    #expect(
      courses.map(\.gate) == [0, 1, 2, 3] && courses.map(\.closedStep) == [nil, 4, 2, 1])
  }
}
