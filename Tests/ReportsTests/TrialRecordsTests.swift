import Foundation
import Testing
import Trials

@testable import Reports

@Suite("trials.csv, trials.json and provenance.csv")
struct TrialRecordsTests {
  /// A baseline and a run that takes its tolerance from it.
  static func pair() -> SampleSweep {
    var regular = SampleSweep.configuration(tolerance: .value(0), milestones: [.batches(200)])
    regular.trainer.klReduction = .sum
    let baseline = PlannedTrial(stage: "baseline", replicate: 0, configuration: regular)
    let pruned = PlannedTrial(
      stage: "pruned, 2n", replicate: 0,
      configuration: SampleSweep.configuration(
        latents: 6,
        tolerance: .measured(ParentMeasurement(trial: baseline.id, output: .mse, factor: 2)))
    )
    return SampleSweep(name: "pair", outputs: [.table1], trials: [baseline, pruned])
  }

  private func csv(_ sweep: SampleSweep) -> String {
    String(decoding: WholeTables(of: sweep.results).csv, as: UTF8.self)
  }

  @Test("Waiting trials have a row for every milestone, with empty numbers")
  func waiting() {
    let sweep = Self.pair()
    let (baseline, pruned) = (sweep.results.trials[0].planned, sweep.results.trials[1].planned)
    #expect(
      csv(sweep) == """
        trial,stage,replicate,dataset,images,seed,channels,latents,latents_from,tolerance,\
        tolerance_from,budget,step,gates_open,mse,evaluation_mse,first_hit_step,tolerance_met,\
        multiplier,expected_open,status,parents,kl_reduction
        \(baseline.id),baseline,0,mnist,,s0000000000000001,32 32 64,3,,0,,200 batches,,,,,,,,,\
        waiting,,sum
        \(pruned.id),"pruned, 2n",0,mnist,,s0000000000000001,32 32 64,6,,,\
        2 * \(baseline.id).mse,100 batches,,,,,,,,,waiting,\(baseline.id),mean-open
        \(pruned.id),"pruned, 2n",0,mnist,,s0000000000000001,32 32 64,6,,,\
        2 * \(baseline.id).mse,200 batches,,,,,,,,,waiting,\(baseline.id),mean-open

        """)
  }

  @Test("A measured tolerance is the recorded number to the bit")
  func complete() {
    var sweep = Self.pair()
    sweep.complete(0, gatesOpen: [3], mse: 0.1 + 0.2)
    sweep.complete(1, gatesOpen: [5, 2], mse: 0.625)
    let rows = csv(sweep).split(separator: "\n").map(String.init)
    let baseline = sweep.results.trials[0].planned.id
    #expect(
      rows[1].hasSuffix(
        ",3,,0,,200 batches,200,3,0.30000000000000004,0.3375,,,0.25,2.25,complete,,sum")
    )
    #expect(
      rows[2].hasSuffix(
        ",6,,0.6000000000000001,2 * \(baseline).mse,100 batches,100,5,0.625,0.703125,40,true,0.25,4,"
          + "complete,\(baseline),mean-open"))
    #expect(rows[3].contains(",200 batches,200,2,0.625,0.703125,40,true,0.25,2.5,complete,"))
  }

  @Test("JSON has the same, with open probabilities and whether the sweep is complete")
  func json() throws {
    var sweep = Self.pair()
    sweep.complete(0, gatesOpen: [1], mse: 4)
    func decoded() throws -> [String: Any] {
      let data = WholeTables(of: sweep.results).json
      return try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    }
    #expect(try decoded()["complete"] as? Bool == false)
    sweep.results.trials[1].status = .failed
    let root = try decoded()
    #expect(root["complete"] as? Bool == true)
    #expect(root["name"] as? String == "pair")
    let trials = try #require(root["trials"] as? [[String: Any]])
    #expect(trials.map { $0["status"] as? String } == ["complete", "failed"])
    let milestones = try #require(trials[0]["milestones"] as? [[String: Any]])
    #expect(milestones[0]["open_probabilities"] as? [Double] == [0.75, 0.25, 0.25])
    #expect(milestones[0]["mse"] as? Double == 4)
  }

  @Test("Hosts and times are only in the provenance, quoted if needed")
  func provenance() {
    var sweep = Self.pair()
    let before = csv(sweep)
    sweep.results.trials[0].attempts = 7
    sweep.results.trials[0].worker = "elsewhere"
    #expect(csv(sweep) == before)

    sweep.complete(0, gatesOpen: [3], mse: 4)
    sweep.results.trials[0].result?.provenance.resumed = [
      Resumption(step: 90, host: "node, 2", instructionSet: "avx2")
    ]
    let rows = String(decoding: WholeTables(of: sweep.results).provenance, as: UTF8.self)
      .split(separator: "\n")
    #expect(!csv(sweep).contains("node"))
    #expect(
      rows[1].hasPrefix(
        "\(sweep.results.trials[0].planned.id),1,worker-a,\"node, 1\",\"CPU \"\"fast\"\"\",avx512,"
          + "kernel 6.1; swift 6.3,"))
    #expect(
      rows[1].hasSuffix(
        ",2026-01-02T03:04:05Z,12.500,12.250,200,\"step 90 of node, 2 (avx2) as its checkpoint says\",16.00,0.5000,1000000,,,"
      ))
    #expect(rows[2] == "\(sweep.results.trials[1].planned.id),0,,,,,,,,,,,,,,,,,,")
    // The coordinator's record takes precedence over the checkpoint's metadata.
    sweep.results.trials[0].checkpointOrigins = [
      90: CheckpointOrigin(worker: "w@lab", host: "elsewhere")
    ]
    let proven = String(decoding: WholeTables(of: sweep.results).provenance, as: UTF8.self)
    #expect(proven.contains("step 90 of elsewhere (avx2) handed in by w@lab"))
    #expect(!proven.contains("node, 2"))
  }
}

@Suite("Texts of numbers and fields")
struct TextTests {
  @Test(
    "Numbers are written in their shortest form and read back the same",
    arguments: [
      (0.1 + 0.2, "0.30000000000000004"), (3.0, "3"), (1e-05, "1e-05"), (1e16, "1e+16"),
      (-0.0, "-0"), (9.48, "9.48"),
    ])
  func shortest(number: Double, text: String) {
    #expect(NumberText.shortest(number) == text)
    #expect(Double(text) == number)
  }

  @Test("Fixed decimals are never minus zero; counts are shortened only if exact")
  func fixed() {
    #expect(NumberText.fixed(-0.001, 2) == "0.00")
    #expect(NumberText.fixed(2.345, 1) == "2.3")
    #expect(NumberText.compact(2.5000001) == "2.5")
    #expect(NumberText.count(200_000) == "200K")
    #expect(NumberText.count(1_874_000) == "1.874M")
    #expect(NumberText.count(1_000_001) == "1000001")
    #expect(NumberText.count(937) == "937")
  }

  @Test(
    "CSV fields are quoted as RFC 4180 says",
    arguments: [
      ("plain τ", "plain τ"), ("a,b", "\"a,b\""), ("say \"x\"", "\"say \"\"x\"\"\""),
      ("two\nlines", "\"two\nlines\""), ("cr\r\n", "\"cr\r\n\""), ("", ""),
    ])
  func csv(field: String, escaped: String) {
    #expect(CSVTable.escaped(field) == escaped)
  }

  @Test("Special characters of XML and LaTeX are escaped")
  func markup() {
    #expect(SVGDrawing.escaped("a<b> & \"c\"\u{1}") == "a&lt;b&gt; &amp; &quot;c&quot;\u{fffd}")
    #expect(TeXText.escaped("50% of a_b & ~#") == "50\\% of a\\_b \\& \\textasciitilde{}\\#")
  }
}
