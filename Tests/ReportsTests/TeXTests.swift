import Foundation
import TestSupport
import Testing
import Trials

@testable import Reports

@Suite("Figures for LaTeX")
struct TeXTests {
  private static func files(of sweep: SampleSweep) throws -> [String: Data] {
    let directory = try TemporaryFolder()
    var writer = ReportWriter(directory: directory.url, load: sweep.load)
    #expect(writer.write(sweep.results).problems == [])
    return try directory.files()
  }

  private static func text(_ name: String, of files: [String: Data]) throws -> String {
    String(decoding: try #require(files[name]), as: UTF8.self)
  }

  private static func header(_ name: String, of files: [String: Data]) throws -> Set<Substring> {
    Set(try #require(try text(name, of: files).split(separator: "\n").first).split(separator: ","))
  }

  /// The columns that a drawing reads.
  private static func columns(in tex: String) -> [Substring] {
    tex.matches(of: /(?:\b[xy]=|meta=|thisrow\{)([a-z_0-9]+)/).map(\.1)
  }

  /// Whether each brace that is not escaped has its counterpart.
  private static func isBalanced(_ tex: String) -> Bool {
    var depth = 0
    let plain = tex.replacing("\\{", with: "").replacing("\\}", with: "")
    for character in plain where depth >= 0 {
      if character == "{" { depth += 1 }
      if character == "}" { depth -= 1 }
    }
    return depth == 0
  }

  @Test("Figure 1 reads columns that its trajectory has, one for each gate")
  func figure1() throws {
    var sweep = FrontTests.sweep(tolerances: [3, 10])
    sweep.results.plan.outputs = [.figure1]
    sweep.complete(1, gatesOpen: [32, 4], mse: 10)
    let files = try Self.files(of: sweep)
    let tex = try Self.text("figure1.tex", of: files)
    let id = sweep.results.trials[1].planned.id
    #expect(tex.contains("{\\sweepfolder/trajectories/\(id).csv}"))
    #expect(!tex.contains("\(sweep.results.trials[0].planned.id)"))
    let columns = Self.columns(in: tex)
    #expect(Set(columns).isSubset(of: try Self.header("trajectories/\(id).csv", of: files)))
    #expect(columns.count { $0.hasPrefix("gate_") } == 32)
    #expect(columns.contains("mse") && columns.contains("step"))
    #expect(tex.contains("one run with $\\tau$ = 10 (partial: 1 of 2 trials)"))
    #expect(Self.isBalanced(tex))
  }

  @Test("Figure 1 thins long curves, and draws the line of the tolerance with both ends")
  func longFigure1() throws {
    var sweep = FrontTests.sweep(tolerances: [3])
    sweep.results.plan.outputs = [.figure1]
    sweep.complete(0, gatesOpen: [32, 4], mse: 3)
    let data = SampleSweep.trajectory(latents: 32, open: 4, mse: 3, lastStep: 6000, count: 1500)
    sweep.replace(.trajectory, of: 0, with: data)
    let lines = try Self.text("figure1.tex", of: Self.files(of: sweep)).split(separator: "\n")
    let thinned = lines.filter { $0.contains("each nth point={2}") }
    #expect(thinned.count == 6 + 32)
    #expect(thinned.allSatisfy { $0.hasPrefix("\\addplot[") && $0.contains(" table[y=") })
    #expect(lines.contains("\\addplot[sweep1, dashed] coordinates {(1,3) (6000,3)};"))
  }

  @Test("Figure 3 reads figure3.csv; a series is the rows of its label", arguments: [1, 3])
  func figure3(seriesCount: Int) throws {
    let files = try Self.files(of: CrowdedFigureTests.sweep(seriesCount: seriesCount))
    let tex = try Self.text("figure3.tex", of: files)
    let csv = try Self.text("figure3.csv", of: files)
    let header = try Self.header("figure3.csv", of: files)
    #expect(Set(Self.columns(in: tex)).isSubset(of: header))
    // With commas in labels, a copy without the quoted texts is read.
    #expect(csv.contains("\"") == (seriesCount > 1))
    #expect(tex.contains("\\readline") == (seriesCount > 1))
    // TeX has 16 files for reading and writing; a document may have more figures.
    #expect(tex.contains("\\ifdefined\\sweepin\\else \\newread") == (seriesCount > 1))
    #expect(tex.contains("\\def\\sweepdata{\\sweepfolder/figure3.csv}") == (seriesCount == 1))
    let ranges = tex.matches(of: /sweep rows=\{(\d+)\}\{(\d+)\}/).map { "\($0.1)-\($0.2)" }
    #expect(Set(ranges) == Set((0..<seriesCount).map { "\(5 * $0)-\(5 * $0 + 4)" }))
    let rows = csv.split(separator: "\n").dropFirst()
    #expect(rows.count == 5 * seriesCount)
    for range in 0..<seriesCount {
      let labels = rows.dropFirst(5 * range).prefix(5).map { $0.firstMatch(of: /"[^"]*"/)?.0 ?? "" }
      #expect(Set(labels).count == 1)
    }
    #expect(Self.isBalanced(tex))
  }

  @Test("A series without a result is not drawn")
  func unfinished() throws {
    var sweep = CrowdedFigureTests.sweep(seriesCount: 2)
    for index in 5..<10 {
      sweep.results.trials[index].result = nil
      sweep.results.trials[index].status = .waiting
    }
    let tex = try Self.text("figure3.tex", of: Self.files(of: sweep))
    #expect(tex.contains("sweep rows={0}{4}"))
    #expect(!tex.contains("sweep rows={5}{9}"))
    // One replicate has no spread.
    #expect(!tex.contains("error bars"))
  }

  @Test("The name of a sweep is text, not a command or a second line")
  func hostile() throws {
    var sweep = FrontTests.sweep(tolerances: [3])
    sweep.results.plan.name = "100%\n\\input{/etc/passwd} & $x_1^2$ ~ τ 雪"
    sweep.results.plan.outputs = [.figure3]
    sweep.complete(0, gatesOpen: [32, 4], mse: 3)
    let tex = try Self.text("figure3.tex", of: Self.files(of: sweep))
    let first = try #require(tex.split(separator: "\n").first)
    #expect(first.hasPrefix("% 100\\% \\textbackslash{}input\\{/etc/passwd\\} \\& \\$x\\_1"))
    #expect(first.contains("$\\tau$ ?: open gates"))
    #expect(!tex.contains("\n\\input{/"))
    #expect(tex.utf8.allSatisfy { $0 < 128 })
  }
}
