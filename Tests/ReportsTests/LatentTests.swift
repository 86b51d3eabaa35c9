import Foundation
import TensorFiles
import TestSupport
import Testing
import Trials

@testable import Reports

@Suite("Latent traversals in reports")
struct LatentTests {
  private let directory: TemporaryFolder

  init() throws { directory = try TemporaryFolder() }

  /// A record of dimensions with given divergences, of which the first are open and some drawn.
  static func record(
    _ divergences: [Double], open: Int, rows: [Int], side: Int = 2, channels: Int = 1,
    offsets: [Double] = [-3, -1.5, 0, 1.5, 3], noisy: Bool = false
  ) -> Safetensors {
    let count = divergences.count
    let image = [side, side, channels]
    let pixels = side * side * channels
    var numbers = RandomNumbers(seed: 5)
    var tensors = [
      Safetensors.Tensor(
        name: "open", shape: [count], elements: (0..<count).map { UInt8($0 < open ? 1 : 0) }),
      Safetensors.Tensor(name: "divergence", shape: [count], elements: divergences),
      Safetensors.Tensor(
        name: "mean", shape: [count], elements: (0..<count).map { Double($0) / 4 }),
      Safetensors.Tensor(
        name: "deviation", shape: [count], elements: [Double](repeating: 0.5, count: count)),
      Safetensors.Tensor(
        name: "original", shape: [1] + image, elements: [UInt8](repeating: 200, count: pixels)),
      Safetensors.Tensor(
        name: "reconstruction", shape: [1] + image,
        elements: [UInt8](repeating: 190, count: pixels)),
    ]
    if !rows.isEmpty {
      let total = rows.count * offsets.count * pixels
      tensors += [
        Safetensors.Tensor(name: "rows", shape: [rows.count], elements: rows.map { Int64($0) }),
        Safetensors.Tensor(name: "offsets", shape: [offsets.count], elements: offsets),
        Safetensors.Tensor(
          name: "pictures", shape: [rows.count, offsets.count] + image,
          elements: (0..<total).map {
            noisy ? UInt8(abs(numbers.next()) * 255) : UInt8($0 / pixels % 256)
          }),
      ]
    }
    return Safetensors(metadata: ["format": "pt"], tensors: tensors)
  }

  /// A sweep of trials with three dimensions, two of which stay open.
  private func sweep(
    _ count: Int = 2, outputs: [SweepOutput] = [.latents], latents: Int = 3
  ) -> SampleSweep {
    var sweep = SampleSweep(
      outputs: outputs,
      trials: (0..<count).map { index in
        PlannedTrial(
          stage: "narrowed", replicate: 0,
          configuration: SampleSweep.configuration(
            latents: latents, tolerance: .value(Double(index + 2))))
      })
    for index in 0..<count { sweep.complete(index, gatesOpen: [latents, 2], mse: 2.5) }
    return sweep
  }

  private func write(_ sweep: SampleSweep) -> ReportWriter.Outcome {
    var writer = ReportWriter(directory: directory.url, load: sweep.load)
    return writer.write(sweep.results)
  }

  private func text(_ path: String) throws -> String {
    try String(contentsOf: directory.url.appending(path: path), encoding: .utf8)
  }

  @Test("a table with rank, KL and closing of every dimension, and a drawing per trial")
  func outputs() throws {
    var sweep = sweep()
    sweep.add(.latents, to: 0, Self.record([1.5, 4, 0.25], open: 2, rows: [1, 0]).encoded())
    let outcome = write(sweep)
    #expect(outcome.problems.isEmpty)
    let id = sweep.results.trials[0].planned.id
    #expect(outcome.written.contains("latents/\(id).svg"))
    let rows = try text("latents.csv").split(separator: "\n").map {
      $0.split(separator: ",", omittingEmptySubsequences: false)
    }
    #expect(rows.count == 1 + 6)
    #expect(
      rows[0].joined(separator: ",") == """
        trial,name,stage,replicate,dataset,tolerance,recorded,dimension,is_open,rank,kl,mean,\
        deviation,drawn,closed_step,closed_mse
        """)
    #expect(
      rows[1][1...] == [
        "τ = 2", "narrowed", "0", "mnist", "2", "yes", "0", "true", "2", "1.5", "0", "0.5", "true",
        "", "",
      ])
    #expect(rows[2][7...13] == ["1", "true", "1", "4", "0.25", "0.5", "true"])
    #expect(rows[3][7...13] == ["2", "false", "", "0.25", "0.5", "0.5", "false"])
    #expect(Int(rows[3][14]) ?? 0 > 0 && Double(rows[3][15]) ?? 0 > 2)
    // The other trial has none, as results of earlier versions; its closings are known.
    #expect(rows[4][6...13] == ["not recorded", "0", "true", "", "", "", "", "false"])
    #expect(!rows[6][14].isEmpty)
    let json = try text("latents.json")
    #expect(json.contains("\"picture\":\"latents/\(id).svg\""))
    #expect(json.contains("\"recorded\":false"))
    #expect(try text("latents/\(id).svg").contains(">KL 1.50</text>"))
    #expect(try text("report.html").contains("Its latent traversals are not recorded."))
  }

  @Test("without the output there is neither file nor remark; a record is shown all the same")
  func notAsked() throws {
    var sweep = sweep(outputs: [.figure3])
    sweep.add(.latents, to: 0, Self.record([1.5, 4, 0.25], open: 2, rows: [1, 0]).encoded())
    #expect(write(sweep).problems.isEmpty)
    #expect(try directory.files().keys.allSatisfy { !$0.hasPrefix("latents") })
    let page = try text("report.html")
    #expect(!page.contains("not recorded"))
    #expect(page.components(separatedBy: "What each open dimension shows: it goes").count == 2)
  }

  @Test("open gates are sorted by KL in a trial's section, which names the drawing for everybody")
  func section() throws {
    var sweep = sweep(1)
    sweep.add(.latents, to: 0, Self.record([1.5, 4, 0.25], open: 2, rows: [1, 0]).encoded())
    _ = write(sweep)
    let page = try text("report.html")
    let places = ["<td>gate 1</td>", "<td>gate 0</td>", "<td>gate 2</td>"].map {
      page.range(of: $0)?.lowerBound
    }
    #expect(try #require(places[0]) < #require(places[1]))
    #expect(try #require(places[1]) < #require(places[2]))
    #expect(page.contains("<th scope=\"col\">KL</th>"))
    #expect(
      page.contains(
        "<title>MNIST, narrowed: what each of 2 open dimensions shows, by falling KL: z1, z0</title>"
      ))
  }

  @Test("where no dimension is open, the page explains no steps")
  func noneOpen() throws {
    var sweep = sweep(1)
    sweep.add(.latents, to: 0, Self.record([1.5, 4, 0.25], open: 0, rows: []).encoded())
    #expect(write(sweep).problems.isEmpty)
    let page = try text("report.html")
    #expect(page.contains("No dimension is open."))
    #expect(!page.contains("deviations below its mean"))
  }

  @Test("a page of 100 trials with large pictures stays below its size and says what it omits")
  func largePage() throws {
    var sweep = sweep(100, latents: 8)
    let offsets = stride(from: -3.0, through: 3, by: 0.5).map { $0 }
    let large = Self.record(
      (0..<8).map(Double.init), open: 8, rows: (0..<8).reversed(), side: 64, channels: 3,
      offsets: offsets, noisy: true
    ).encoded()
    let small = Self.record(
      (0..<8).map(Double.init), open: 8, rows: (0..<8).reversed(), side: 20, offsets: offsets,
      noisy: true
    ).encoded()
    for index in 0..<100 { sweep.add(.latents, to: index, index == 0 ? large : small) }
    #expect(write(sweep).problems.isEmpty)
    let page = try text("report.html")
    #expect(page.utf8.count < 10_000_000)
    #expect(
      page.contains(
        "Its latent traversals are too large for this page; all of it is in <code>latents/"))
    #expect(page.contains("Only every second step is drawn; all of it is in <code>latents/"))
  }

  @Test("a drawing says what it leaves out")
  func omissions() throws {
    func drawing(_ divergences: [Double], open: Int, rows: [Int]) throws -> TraversalDrawing {
      TraversalDrawing(
        record: try LatentRecord(Self.record(divergences, open: open, rows: rows).encoded()),
        title: "MNIST, τ = 8")
    }
    let many = try drawing((0..<60).map(Double.init), open: 60, rows: (28..<60).reversed())
    #expect(many.omissions == "28 of 60 open dimensions, with less KL, are left out.")
    let unknown = try drawing([1, .nan, 2], open: 3, rows: [2, 0])
    #expect(unknown.omissions == "1 open dimension has numbers that are not finite.")
    #expect(String(decoding: unknown.svg, as: UTF8.self).contains("not finite"))
    let closed = try drawing([1, 2], open: 0, rows: [])
    #expect(closed.omissions == nil)
    #expect(String(decoding: closed.svg, as: UTF8.self).contains("No dimension is open."))
    let whole = try drawing([1, 2], open: 2, rows: [1, 0])
    #expect(whole.omissions == nil)
    var thinned = whole
    thinned.rowCountMaximum = 1
    #expect(thinned.omissions == "1 of 2 open dimensions, with less KL, is left out.")
  }

  @Test("a name from a sweep file is text in the drawing")
  func hostile() throws {
    let drawing = TraversalDrawing(
      record: try LatentRecord(Self.record([1], open: 1, rows: [0]).encoded()),
      title: "<script>alert(1)</script>")
    #expect(!String(decoding: drawing.svg, as: UTF8.self).contains("<script>"))
  }

  /// A damaged record and the place that its error names.
  struct Damage: CustomStringConvertible {
    let description: String
    let place: String
    let change: @Sendable (inout Safetensors) -> Void

    init(
      _ description: String, _ place: String,
      change: @escaping @Sendable (inout Safetensors) -> Void
    ) {
      (self.description, self.place, self.change) = (description, place, change)
    }
  }

  private static func replace(_ tensor: Safetensors.Tensor, in file: inout Safetensors) {
    file.tensors = file.tensors.filter { $0.name != tensor.name } + [tensor]
  }

  @Test(
    "a damaged record is refused with its place",
    arguments: [
      Damage("no dimensions", "tensor open") { $0.tensors.removeAll { $0.name == "open" } },
      Damage("another count", "tensor divergence") {
        replace(.init(name: "divergence", shape: [1], elements: [1.0]), in: &$0)
      },
      Damage("a row twice", "tensor rows") {
        replace(.init(name: "rows", shape: [2], elements: [Int64(1), 1]), in: &$0)
      },
      Damage("a row of a closed dimension", "tensor rows") {
        replace(.init(name: "rows", shape: [2], elements: [Int64(1), 2]), in: &$0)
      },
      Damage("a row beyond the last", "tensor rows") {
        replace(.init(name: "rows", shape: [2], elements: [Int64(1), .max]), in: &$0)
      },
      Damage("a step that is not finite", "tensor offsets") {
        replace(.init(name: "offsets", shape: [1], elements: [Double.nan]), in: &$0)
      },
      Damage("pictures of another count", "tensor pictures") {
        replace(.init(name: "offsets", shape: [1], elements: [0.0]), in: &$0)
      },
      Damage("pictures of no extent", "tensor pictures") {
        replace(
          .init(name: "pictures", shape: [2, 5, 0, 2, 1], elements: [UInt8]()), in: &$0)
      },
    ])
  func damaged(damage: Damage) throws {
    var file = Self.record([1.5, 4, 0.25], open: 2, rows: [1, 0])
    damage.change(&file)
    let data = file.encoded()
    let error = try #require(throws: FormatError.self) { try LatentRecord(data) }
    #expect(error.place == damage.place)
    // And a report goes on without it.
    var sweep = sweep(1)
    sweep.add(.latents, to: 0, data)
    let outcome = write(sweep)
    #expect(!outcome.problems.isEmpty)
    #expect(try text("latents.csv").contains("not recorded"))
    #expect(try text("report.html").contains("No latent traversals:"))
  }
}
