import Foundation
import FoundationXML
import TestSupport
import Testing
import Trials

@testable import Reports

@Suite("Figures")
struct FigureTests {
  @Test("Ticks are round numbers within the axis")
  func ticks() {
    let linear = Axis.linear(0...32, from: 0, to: 320, tickCount: 7)
    #expect(linear.ticks.map(\.label) == ["0", "5", "10", "15", "20", "25", "30"])
    #expect(linear.position(of: 8) == 80)
    #expect(linear.position(of: 99) == 320)
    let fine = Axis.linear(0.1...0.35, from: 0, to: 1, tickCount: 4)
    #expect(fine.ticks.map(\.label) == ["0.1", "0.2", "0.3"])
    let wide = Axis.logarithmic(1e-5...5, from: 0, to: 1)
    #expect(wide.ticks.map(\.label) == ["10⁻⁵", "10⁻⁴", "10⁻³", "0.01", "0.1", "1"])
    let narrow = Axis.logarithmic(0.9...30, from: 0, to: 1)
    #expect(narrow.ticks.map(\.label) == ["1", "3", "10", "30"])
  }

  @Test("Every figure is well-formed XML, whatever the sweep is called")
  func wellFormed() throws {
    for complete in [0, 2, 4] {
      for (name, data) in try figures(complete: complete) {
        #expect(XMLParser(data: data).parse(), "\(name) with \(complete) trials")
      }
    }
  }

  @Test("Unfinished figures say so, finished ones do not")
  func banner() throws {
    for (name, data) in try figures(complete: 2) {
      #expect(String(decoding: data, as: UTF8.self).contains("partial: 2 of 4 trials"), "\(name)")
    }
    for (name, data) in try figures(complete: 4) {
      #expect(!String(decoding: data, as: UTF8.self).contains("partial"), "\(name)")
    }
  }

  @Test("Figure 3 shows the paper's points for MNIST, and an image for each point of the front")
  func figure3() throws {
    let svg = String(
      decoding: try #require(figures(complete: 4)["figure3.svg"]), as: UTF8.self)
    #expect(svg.contains("De Boom et al., n = 32, 2000 epochs"))
    #expect(svg.components(separatedBy: "<image ").count - 1 == 5)
    #expect(svg.contains("(d) τ = 30"))
  }

  @Test("The staircase keeps a point's gates until the next tolerance with fewer")
  func staircase() throws {
    let svg = String(
      decoding: try #require(figures(complete: 4)["figure3.svg"]), as: UTF8.self)
    let line = try #require(svg.split(separator: "\n").first { $0.contains("stroke-width=\"2\"") })
    let corners = try #require(line.split(separator: "\"").dropFirst().first).split(separator: " ")
      .map { $0.split(separator: ",").compactMap { Double($0) } }
    // One corner before each point but the first, one at the end of the axis.
    #expect(corners.count == 8)
    for (start, end) in zip(corners, corners.dropFirst()) {
      #expect(start[0] == end[0] || start[1] == end[1])
      #expect(start[0] <= end[0] && start[1] <= end[1])
    }
  }

  private func figures(complete: Int) throws -> [String: Data] {
    let directory = try TemporaryFolder()
    var sweep = FrontTests.sweep(tolerances: [3, 10, 18, 30])
    sweep.results.plan.name = "<f> & \"3\""
    sweep.results.plan.outputs = [.figure1, .figure2, .figure3]
    for index in 0..<complete {
      sweep.complete(index, gatesOpen: [32, [27, 11, 6, 2][index]], mse: 1)
    }
    var writer = ReportWriter(directory: directory.url, load: sweep.load)
    #expect(writer.write(sweep.results).problems == [])
    var figures: [String: Data] = [:]
    for name in ["figure1.svg", "figure2.svg", "figure3.svg"] {
      figures[name] = try? Data(contentsOf: directory.url.appending(path: name))
    }
    // Figure 1 needs a run to show.
    #expect(figures.count == (complete == 0 ? 2 : 3))
    return figures
  }
}

@Suite("Figures of crowded sweeps")
struct CrowdedFigureTests {
  /// Narrowing trials of many series; some do not keep their tolerance.
  static func sweep(seriesCount: Int) -> SampleSweep {
    let tolerances = [3.0, 7, 10, 18, 30]
    var trials: [PlannedTrial] = []
    for series in 0..<seriesCount {
      for tolerance in tolerances {
        var configuration = SampleSweep.configuration(
          latents: 32, tolerance: .value(tolerance))
        configuration.trainer.learningRate = 1e-4 * Double(1 + series)
        trials.append(
          PlannedTrial(
            stage: series.isMultiple(of: 2) ? "narrowed" : "narrowed-after-rest", replicate: 0,
            configuration: configuration))
      }
    }
    var sweep = SampleSweep(outputs: [.figure2, .figure3], trials: trials)
    for index in trials.indices {
      let (series, point) = (index / tolerances.count, index % tolerances.count)
      let tolerance = tolerances[point]
      sweep.complete(
        index, gatesOpen: [32, [27, 15, 11, 6, 2][point] + series % 5],
        mse: (series + point).isMultiple(of: 4) ? tolerance * 2.5 : tolerance)
    }
    return sweep
  }

  private func files(of sweep: SampleSweep) throws -> [String: Data] {
    let directory = try TemporaryFolder()
    var writer = ReportWriter(directory: directory.url, load: sweep.load)
    #expect(writer.write(sweep.results).problems == [])
    return try directory.files()
  }

  /// Attributes and content of every text of a drawing, in order.
  private func texts(_ svg: Data) -> [(x: Double, y: Double, size: Double, text: String)] {
    String(decoding: svg, as: UTF8.self).split(separator: "\n").compactMap { line in
      guard line.hasPrefix("<text "), let end = line.firstIndex(of: ">") else { return nil }
      let parts = line[..<end].split(separator: "\"")
      func number(_ name: String) -> Double {
        let place = parts.firstIndex { $0.hasSuffix("\(name)=") }
        return place.flatMap { Double(parts[$0 + 1]) } ?? 0
      }
      return (
        number(" x"), number(" y"), number("font-size"),
        String(line[line.index(after: end)...].dropLast("</text>".count))
      )
    }
  }

  @Test("Every series has a line in the legend, which does not cover the plot")
  func legend() throws {
    for count in [1, 2, 3, 4, 24] {
      let svg = try #require(files(of: Self.sweep(seriesCount: count))["figure3.svg"])
      let entries = texts(svg).filter { $0.text.hasPrefix("n = 32") }
      #expect(entries.count >= count)
      #expect(Set(entries.map(\.text)).count == entries.count)
      // The plot ends 384 pixels below the top.
      if count > 1 { #expect(entries.allSatisfy { $0.y > 384 }, "\(count)") }
      // 0.6 of its size is a little more than a character's mean width.
      #expect(entries.allSatisfy { $0.x + 0.6 * $0.size * Double($0.text.count) <= 760 })
      let places = entries.map { "\($0.x) \($0.y)" }
      #expect(Set(places).count == places.count)
    }
  }

  @Test("Points that did not keep their tolerance are crossed, and explained")
  func crossed() throws {
    let svg = String(
      decoding: try #require(files(of: Self.sweep(seriesCount: 1))["figure3.svg"]), as: UTF8.self)
    #expect(svg.contains("n = 32, tolerance not met"))
    // A cross is two strokes: at the marks for τ = 3 and τ = 30, and in the legend.
    let crosses = svg.split(separator: "\n").filter {
      $0.hasPrefix("<line ") && $0.contains("stroke-width=\"1.6\"")
    }
    #expect(crosses.count == 6)
  }

  @Test("Headings below images do not overlap")
  func headings() throws {
    var sweep = FrontTests.sweep(tolerances: (0..<8).map { 100_000.25 + Double($0) })
    for index in 0..<8 { sweep.complete(index, gatesOpen: [32, 20 - index], mse: 1) }
    let svg = try #require(files(of: sweep)["figure3.svg"])
    let headings = texts(svg).filter { $0.text.hasPrefix("(") && $0.text.contains("τ") }
    #expect(headings.count == 8)
    for (left, right) in zip(headings, headings.dropFirst()) {
      let width = 0.6 * left.size * Double(left.text.count)
      #expect(left.x + width / 2 <= right.x - width / 2)
    }
  }

  @Test("Figure 2 labels distinguish rows of one tolerance")
  func rows() throws {
    let svg = try #require(files(of: Self.sweep(seriesCount: 2))["figure2.svg"])
    let captions = texts(svg)
    for text in ["stage = narrowed", "stage = narrowed-after-rest", "learning_rate = 0.0002"] {
      let found = captions.filter { $0.text == text }
      #expect(found.count == 5)
      // Images begin 152 pixels from the left.
      #expect(found.allSatisfy { $0.x + 0.6 * $0.size * Double(text.count) <= 152 }, "\(text)")
    }
    #expect(captions.contains { $0.text == "τ = 3, not met" })
  }
}
