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

  @Test("The staircase holds a point's gates until the next tolerance that needs fewer")
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
