import Foundation
import TestSupport
import Testing
import Trials

@testable import Reports

/// Reports of false results contain only numbers and plain text.
@Suite("Made-up numbers and texts in reports")
struct HostileReportTests {
  private static let header = TrajectoryText.fixedColumns.joined(separator: ",") + ",gate_0"

  @Test("Of a trajectory so far the whole lines are shown, if they are rows of numbers")
  func trajectorySoFar() throws {
    let rows = Self.header + "\n1,1,1,0,1,0,1,1,1,1\n"
    for rest in ["", "2,1", "=HYPERLINK(\"http://x\")"] {
      #expect(try TrajectorySoFar.wholeLines(of: Array((rows + rest).utf8)) == Data(rows.utf8))
    }
    #expect(try TrajectorySoFar.wholeLines(of: Array("step,x".utf8)) == Data())
    for row in ["=HYPERLINK(\"http://x\",\"y\")", "\u{1B}[31m\u{0}", "2,=1+1,1,0,1,0,1,1,1,1"] {
      #expect(throws: LiveDrawingError.self) {
        try TrajectorySoFar.wholeLines(of: Array((rows + row + "\n").utf8))
      }
    }
  }

  @Test(
    "A trajectory with impossible rows is refused with its line",
    arguments: [
      "1e300,1,1,0,1,0,1,1,1,1", "nan,1,1,0,1,0,1,1,1,1", "inf,1,1,0,1,0,1,1,1,1",
      "-5,1,1,0,1,0,1,1,1,1", "0,1,1,0,1,0,1,1,1,1", "1.5,1,1,0,1,0,1,1,1,1",
      "9223372036854775807,1,1,0,1,0,1,1,1,1", "1000000001,1,1,0,1,0,1,1,1,1",
      "2,1,1,0,1,0,-1,1,1,1", "2,1,1,0,1,0,5000,1,1,1", "2,1,1,0,1,0,nan,1,1,1",
      "2,1,1,0,1,0,1.5,1,1,1", "2,0x10,1,0,1,0,1,1,1,1", "2,=1+1,1,0,1,0,1,1,1,1",
      "2,+1,1,0,1,0,1,1,1,1", "2,infinity,1,0,1,0,1,1,1,1", "2,\u{1B}[2J,1,0,1,0,1,1,1,1",
    ])
  func trajectory(row: String) throws {
    let text = Self.header + "\n" + row + "\n"
    let error = #expect(throws: FormatError.self) { try TrajectoryTable(Data(text.utf8)) }
    #expect(error?.place == "line 2")
    #expect(error.map { PlainText.line("\($0)") == "\($0)" } ?? false)
    // Steps rise.
    let again = Self.header + "\n7,1,1,0,1,0,1,1,1,1\n7,1,1,0,1,0,1,1,1,1\n"
    #expect(throws: FormatError.self) { try TrajectoryTable(Data(again.utf8)) }
  }

  @Test("A pace file with other fields than numbers is refused")
  func pace() throws {
    for field in ["=HYPERLINK(\"http://x\")", "+1", "0x1", "nan(1)"] {
      let text = "step,seconds,steps_per_second\n1,1,\(field)\n"
      #expect(throws: FormatError.self) { try PaceTable(Data(text.utf8)) }
    }
    #expect(
      try PaceTable(Data("step,seconds,steps_per_second\n1,1.5,2e-07\n".utf8)).stepsPerSecond["1"]
        == "2e-07")
  }

  @Test(
    "Figure 1 can be drawn of any numbers",
    arguments: [
      "nan", "inf", "-inf", "1e308", "-1e308", "1e-308", "5e-324", "1.7976931348623157e308", "0",
      "-1", "1e100",
    ])
  func figure1(number: String) throws {
    var sweep = SampleSweep(
      outputs: [.figure1],
      trials: [
        PlannedTrial(
          stage: "main", replicate: 0,
          configuration: SampleSweep.configuration(tolerance: .value(20)))
      ])
    sweep.complete(0, gatesOpen: [2, 2], mse: 20)
    for columns in 0..<8 {
      // One column of such numbers, or all columns.
      var rows: [String] = []
      for (index, step) in [1, 2, 1_000_000_000].enumerated() {
        let fields = (1...9).map { column in
          if column == 6 { return "1" }
          let isOdd = index != 1 && (columns == 0 || column == columns)
          return isOdd ? number : "0.5"
        }
        rows.append(([String(step)] + fields).joined(separator: ","))
      }
      let text = ([Self.header] + rows).joined(separator: "\n") + "\n"
      let drawing = Figure1Drawing(
        trial: sweep.results.trials[0], trajectory: try TrajectoryTable(Data(text.utf8)),
        banner: nil)
      #expect(!drawing.svg.isEmpty)
    }
  }

  @Test("An axis can be made for any range")
  func axis() {
    let numbers: [Double] = [
      0, .leastNonzeroMagnitude, 1e-300, 1, 1 + 1e-15, 1e15, 1e16, 1e100, 1e308,
      .greatestFiniteMagnitude,
    ]
    for lower in numbers + numbers.map({ -$0 }) {
      for upper in numbers + numbers.map({ -$0 }) where lower <= upper {
        let linear = Axis.linear(lower...upper, from: 0, to: 100)
        #expect(linear.ticks.count < 40)
        #expect(linear.position(of: upper).isFinite)
        #expect(Axis.logarithmic(lower...upper, from: 0, to: 100).ticks.count < 400)
      }
    }
    #expect(Axis.linear(0...10, from: 0, to: 100).ticks.map(\.value) == [0, 2, 4, 6, 8, 10])
  }

  @Test("Formulas, control characters and line ends are plain text in a cell")
  func cells() {
    for honest in ["node, 1", "CPU \"fast\"", "höst", "", "a=b", "1-2", "avx512"] {
      #expect(CSVCell.foreign(honest) == honest)
    }
    #expect(CSVCell.foreign("=HYPERLINK(\"http://x\")") == "'=HYPERLINK(\"http://x\")")
    for beginning in ["+", "-", "@", " =", "＝"] {
      #expect(CSVCell.foreign(beginning + "1") == "'" + beginning + "1")
    }
    #expect(
      CSVCell.foreign("a\n=1\u{1B}\0\u{202E}\t") == "a\u{FFFD}=1\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}")
  }

  @Test(
    "A mark behind a special character, which makes one character of both, hides it from nothing",
    arguments: ["\u{301}", "\u{200D}", "\u{FE0F}", "\u{20DD}", "\u{200B}"])
  func marks(mark: String) {
    #expect(Array(CSVCell.foreign("=\(mark)1+1").utf8) == Array("'=\(mark)1+1".utf8))
    #expect(Array(CSVCell.foreign(" \(mark)＝1").utf8) == Array("' \(mark)＝1".utf8))
    #expect(CSVCell.foreign("e\(mark)=1") == "e\(mark)=1")
    let field = CSVTable.escaped("\"\(mark),x")
    #expect(Array(field.utf8) == Array("\"\"\"\(mark),x\"".utf8))
    #expect(
      Array(HTMLText.escaped("'\(mark)<\(mark)").utf8) == Array("&#39;\(mark)&lt;\(mark)".utf8))
    let latex = TeXText.escaped("\\\(mark)input{_\(mark)}")
    #expect(Array(latex.utf8) == Array("\\textbackslash{}\(mark)input\\{\\_\(mark)\\}".utf8))
  }

  @Test("Provenance has no formulas and control characters, whatever workers send")
  func provenance() {
    var sweep = SampleSweep(
      outputs: [],
      trials: [
        PlannedTrial(
          stage: "main", replicate: 0,
          configuration: SampleSweep.configuration(tolerance: .value(20)))
      ])
    sweep.complete(0, gatesOpen: [2, 2], mse: 20)
    let hostile = "=cmd|' /C calc'!A0\u{1B}[2J\n+1\0"
    sweep.results.trials[0].worker = "@worker"
    sweep.results.trials[0].reusedFrom = hostile
    sweep.results.trials[0].discards = [hostile, hostile]
    sweep.results.trials[0].result?.provenance.host = hostile
    sweep.results.trials[0].result?.provenance.processor = hostile
    sweep.results.trials[0].result?.provenance.instructionSet = hostile
    sweep.results.trials[0].result?.provenance.versions = [hostile: hostile]
    sweep.results.trials[0].result?.provenance.started = hostile
    let text = String(decoding: WholeTables(of: sweep.results).provenance, as: UTF8.self)
    #expect(text.count(where: { $0 == "\n" }) == 2)
    for cell in text.split(whereSeparator: { $0 == "," || $0 == "\n" }) {
      #expect(!["=", "+", "@"].contains(cell.first))
    }
    #expect(PlainText.lines(text) == text)
  }

  @Test("Infinite sums are written as such, and other trials are unaffected")
  func overflow() throws {
    var sweep = SampleSweep(
      outputs: [],
      trials: [
        PlannedTrial(
          stage: "main", replicate: 0,
          configuration: SampleSweep.configuration(tolerance: .value(20)))
      ])
    sweep.complete(0, gatesOpen: [2, 2], mse: 20)
    sweep.results.trials[0].result?.milestones[0].openProbabilities = [1e308, 1e308]
    let json = String(decoding: WholeTables(of: sweep.results).json, as: UTF8.self)
    #expect(json.contains("\"expected_open\":\"Infinity\""))
  }

  @Test("A drawing has no characters that are special in XML or control a terminal")
  func drawing() {
    #expect(
      SVGDrawing.escaped("a<b>&\"\n\t\0\u{1B}\u{202E}é")
        == "a&lt;b&gt;&amp;&quot;  \u{FFFD}\u{FFFD}\u{FFFD}é")
  }
}
