import Foundation
import FoundationXML
import TestSupport
import Testing
import Trials

@testable import Reports

@Suite("Drawings for a screen")
struct LiveDrawingTests {
  private let header =
    "step,squared_error,mse,constraint_average,multiplier,tolerance_hits,gates_open,expected_open,"
    + "kl,gate_0,gate_1,gate_2\n"

  /// Gate 0 stays open, gate 1 closes at step 20 and stays closed, gate 2 closes, opens and closes
  /// again.
  private var trajectory: Data {
    Data(
      (header + "10,30,31,0,1,0,2,2,1,0.9,0.8,0.2\n" + "20,25,26,0,1,0,2,2,1,0.9,0.4,0.6\n"
        + "30,20,21,0,1,1,1,1,1,0.9,0.1,0.3\n").utf8)
  }

  @Test("A gate closed at the first sample from which on it stays closed")
  func gates() throws {
    let samples = try LiveDrawings.samples(of: trajectory, ghost: nil)
    #expect(samples.steps == [10, 20, 30])
    #expect(samples.gates.map(\.closedAtStep) == [nil, 20, 30])
    #expect(samples.gates.map(\.closedAtMSE) == [nil, 26, 21])
    #expect(samples.panels.lastStep == 30)
    #expect(samples.panels.left > 0 && samples.panels.right < 1)
  }

  @Test("A trajectory of no gates or of no rows can be read")
  func bareTrajectories() throws {
    let empty = try LiveDrawings.samples(of: Data(header.utf8), ghost: nil)
    #expect(empty.steps.isEmpty)
    #expect(empty.gates.map(\.closedAtStep) == [nil, nil, nil])
    #expect(throws: LiveDrawingError.self) {
      try LiveDrawings.samples(of: Data("a,b\n1,2\n".utf8), ghost: nil)
    }
  }

  @Test("Another run is drawn in grey behind the first, and the axis reaches its end")
  func ghost() throws {
    let trial = RecordedTrial(
      planned: PlannedTrial(stage: "s", replicate: 0, configuration: Samples.configuration),
      status: .running, attempts: 1, result: nil, failure: nil, worker: nil)
    let longer = Data(
      String(decoding: trajectory, as: UTF8.self).replacing("\n30,", with: "\n60,").utf8)
    let alone = try LiveDrawings.traces(of: trial, trajectory, ghost: nil, in: .light)
    let both = try LiveDrawings.traces(of: trial, trajectory, ghost: longer, in: .light)
    func polylines(_ data: Data) -> Int {
      String(decoding: data, as: UTF8.self).components(separatedBy: "<polyline").count
    }
    #expect(polylines(both) == polylines(alone) + 4)
    #expect(try LiveDrawings.samples(of: trajectory, ghost: longer).panels.lastStep == 60)
    #expect(XMLParser(data: both).parse())
  }

  @Test("In the dark scheme every colour is replaced and texts are unchanged")
  func dark() throws {
    let light = Data(
      "<rect fill=\"#ffffff\"/><text fill=\"#222222\">a #ffffff &quot;#ffffff</text>".utf8)
    let dark = String(decoding: ColourScheme.dark.applied(to: light), as: UTF8.self)
    #expect(dark.contains("fill=\"#14171a\"") && dark.contains("fill=\"#e8eaed\""))
    #expect(dark.contains(">a #ffffff &quot;#ffffff<"))
    #expect(ColourScheme.light.applied(to: light) == light)
    let used =
      Palette.series + [Palette.frame, Palette.grid, Palette.quiet, Palette.warning, "#000000"]
    for colour in used {
      let stroke = Data("stroke=\"\(colour)\"".utf8)
      #expect(ColourScheme.dark.applied(to: stroke) != stroke, "\(colour)")
    }
  }

  @Test("A part of many points is drawn, including those on the front")
  func thinned() {
    let points = (0..<3000).map { index in
      var point = Front.Point(
        gridPoint: GridPoints.Point(stage: "s", trials: []), toleranceMet: true)
      point.tolerance = Spread([Double(index)])
      point.gatesOpen = Spread([index == 1500 ? 1 : 5])
      point.isOnFront = index == 0 || index == 1500
      return point
    }
    var front = Front(
      of: SweepResults(plan: SweepPlan(name: "", question: "", outputs: [], trials: []), trials: [])
    )
    front.series = [Front.Series(dataset: .mnist, label: "", points: points)]
    let thinned = front.thinned(to: 100).series[0]
    #expect(thinned.points.count <= 100)
    #expect(thinned.front.compactMap { $0.tolerance?.median } == [0, 1500])
    #expect(
      thinned.points.compactMap { $0.tolerance?.median }
        == thinned.points.compactMap { $0.tolerance?.median }.sorted())
  }

  @Test("A point of the front appears with its last replicate, and stays until the end")
  func progress() throws {
    func trial(_ tolerance: Double, seed: UInt64) -> RecordedTrial {
      var configuration = Samples.configuration
      (configuration.tolerance, configuration.seed) = (.value(tolerance), seed)
      return RecordedTrial(
        planned: PlannedTrial(stage: "s", replicate: 0, configuration: configuration),
        status: .complete, attempts: 1, result: nil, failure: nil, worker: nil)
    }
    func point(_ trials: [RecordedTrial], isOnFront: Bool) -> Front.Point {
      var point = Front.Point(gridPoint: GridPoints.Point(stage: "s", trials: trials))
      point.isOnFront = isOnFront
      return point
    }
    let trials = [trial(1, seed: 1), trial(1, seed: 2), trial(2, seed: 1), trial(3, seed: 1)]
    let front = Front(series: [
      Front.Series(
        dataset: .mnist, label: "",
        points: [
          point([trials[0], trials[1]], isOnFront: true), point([trials[2]], isOnFront: false),
          point([trials[3]], isOnFront: true),
        ])
    ])
    let hours = zip(trials, [1.0, 5, 2, 3])
    let spent = Dictionary(uniqueKeysWithValues: hours.map { ($0.planned.id, $1) })
    let progress = FrontProgress(of: front, spent: spent, total: 8)
    #expect(progress.found == [3, 5])
    #expect(progress.total == 8)
    #expect(XMLParser(data: progress.svg).parse())
    #expect(String(decoding: progress.svg, as: UTF8.self).contains("core-hours spent"))
    let none = FrontProgress(of: Front(series: []), spent: [:], total: 0).svg
    #expect(String(decoding: none, as: UTF8.self).contains("No point is on the front yet."))
  }
}
