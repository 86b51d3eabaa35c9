import Foundation
import Testing
import Trials

@testable import Reports

@Suite("Table I")
struct Table1Tests {
  /// Two data sets, the first with a size that the paper has.
  static func sweep() -> SampleSweep {
    var trials: [PlannedTrial] = []
    for (dataset, latents) in [(Dataset.mnist, 5), (.sprites28, 5), (.mnist, 30)] {
      let baseline = PlannedTrial(
        stage: "baseline", replicate: 0,
        configuration: SampleSweep.configuration(
          dataset: dataset, latents: latents, tolerance: .value(0),
          milestones: [.batches(200_000)]))
      trials.append(baseline)
      trials.append(
        PlannedTrial(
          stage: "pruned", replicate: 0,
          configuration: SampleSweep.configuration(
            dataset: dataset, latents: 2 * latents,
            tolerance: .measured(ParentMeasurement(trial: baseline.id, output: .mse)),
            milestones: [.batches(200_000), .batches(300_000)])))
    }
    return SampleSweep(name: "table|1", outputs: [.table1], trials: trials)
  }

  private func text(_ data: Data) -> String { String(decoding: data, as: UTF8.self) }

  @Test("A row says if only a part of the data set was used")
  func parts() {
    var sweep = Self.sweep()
    sweep.complete(0, gatesOpen: [5], mse: 17.125)
    var counts = ImageCounts()
    counts.take(["training_images": "4", "evaluation_images": "3"], of: .mnist)
    let table = Table1(of: sweep.results, counts: counts)
    #expect(text(table.markdown).contains("| MNIST (7 of 70,000 images) | 5 |"))
    #expect(text(table.latex).contains("MNIST (7 of 70,000 images) & 5"))
    #expect(text(table.markdown).contains("Sets marked with a share are a part of the published"))
    #expect(text(table.latex).contains("; sets marked with a share are a part of the published"))
    #expect(text(table.csv).contains("\nmnist,\"7 of 70,000 images\",,5,10,"))
    #expect(!text(Table1(of: sweep.results).markdown).contains("70,000"))
  }

  @Test("Rows are sorted by data set, with the paper's numbers and dashes for missing ones")
  func markdown() {
    var sweep = Self.sweep()
    sweep.complete(0, gatesOpen: [5], mse: 17.125)
    sweep.complete(1, gatesOpen: [6, 5], mse: 17)
    let lines = text(Table1(of: sweep.results).markdown).split(separator: "\n")
    #expect(
      Array(lines.prefix(7)) == [
        "# table\\|1: Table I",
        "**partial: 2 of 6 trials**",
        "| data set | n | MSE | MSE (paper) | 2n | ‖ν‖₀ at 200K | ‖ν‖₀ at 300K | paper at 200K | paper at 300K | paper at 400K |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
        "| MNIST | 5 | 17.12 | 17.07 | 10 | 6 | 5 | 5 | 5 | 5 |",
        "|  | 30 | – | 7.16 | 60 | – | – | 14 | 14 | 14 |",
        "| Sprites 28×28 (drawn) | 5 | – | – | 10 | – | – | – | – | – |",
      ])
  }

  @Test("LaTeX has a column for every number, with the same content")
  func latex() {
    var sweep = Self.sweep()
    for index in 0..<6 { sweep.complete(index, gatesOpen: [6, 5], mse: 17.125) }
    let latex = text(Table1(of: sweep.results).latex)
    #expect(latex.contains("\\begin{tabular}{lrrrrrrrrr}"))
    #expect(latex.contains("    MNIST & 5 & 17.12 & 17.07 & 10 & 6 & 5 & 5 & 5 & 5 \\\\\n"))
    #expect(
      latex.contains(
        "    \\addlinespace\n    Sprites 28$\\times$28 (drawn) & 5 & 17.12 & -- & 10 & 6 & 5 & -- & -- & -- \\\\"
      ))
    #expect(!latex.contains("partial"))
    let rows = latex.split(separator: "\n").filter { $0.hasSuffix("\\\\") && !$0.contains("multi") }
    #expect(rows.count == 4)
    #expect(rows.allSatisfy { row in row.count { $0 == "&" } == 9 })
  }

  @Test("CSV has a row per milestone; the paper's gates only where the budget is the paper's")
  func csv() {
    var sweep = Self.sweep()
    sweep.complete(0, gatesOpen: [5], mse: 17.125)
    let rows = text(Table1(of: sweep.results).csv).split(separator: "\n")
    #expect(
      rows[1] == "mnist,,,5,10,200000 batches,1,17.125,17.125,17.125,17.07,0,,,,,5")
    #expect(rows.last == "sprites28,drawn,,5,10,300000 batches,0,,,,,0,,,,,")
    #expect(rows.count == 7)
  }

  @Test("A run that did not keep its tolerance is marked at each milestone where it did not")
  func unmet() {
    var sweep = Self.sweep()
    sweep.complete(0, gatesOpen: [5], mse: 3)
    sweep.complete(1, gatesOpen: [6, 5], mse: 7.5)
    let table = Table1(of: sweep.results)
    #expect(
      text(table.markdown).contains("| MNIST | 5 | 3.00 | 17.07 | 10 | 6† | 5† | 5 | 5 | 5 |"))
    #expect(text(table.markdown).contains("†: the run's error stood more than 10 % above"))
    #expect(text(table.latex).contains(" & 10 & 6$^\\dagger$ & 5$^\\dagger$ & 5 "))
    #expect(text(table.csv).contains(",1,6,6,6,false,5\n"))
    sweep.complete(1, gatesOpen: [6, 5], mse: 3.25)
    #expect(!text(Table1(of: sweep.results).markdown).contains("†"))
    #expect(text(Table1(of: sweep.results).csv).contains(",1,6,6,6,true,5\n"))
  }

  @Test("Rows of one size are labelled with the stage or setting that differs")
  func rowsApart() {
    var trials = [
      PlannedTrial(
        stage: "baseline", replicate: 0,
        configuration: SampleSweep.configuration(latents: 5, tolerance: .value(0)))
    ]
    for (stage, rate) in [("slow", 1e-4), ("slow", 1e-3), ("other", 1e-3)] {
      var configuration = SampleSweep.configuration(
        latents: 10, tolerance: .measured(ParentMeasurement(trial: trials[0].id, output: .mse)))
      configuration.trainer.learningRate = rate
      trials.append(PlannedTrial(stage: stage, replicate: 0, configuration: configuration))
    }
    let table = Table1(of: SampleSweep(outputs: [.table1], trials: trials).results)
    #expect(
      table.rows.map(\.series) == [
        "stage = slow, learning_rate = 0.0001", "stage = slow, learning_rate = 0.001",
        "stage = other, learning_rate = 0.001",
      ])
    #expect(text(table.markdown).contains("| 5, stage = other, learning_rate = 0.001 |"))
  }

  @Test("All fifteen rows of the paper are there, with its three budgets")
  func published() {
    #expect(PublishedResults.table1.count == 15)
    #expect(PublishedResults.table1.allSatisfy { $0.gatesOpen.count == 3 })
    #expect(PublishedResults.table1Row(.cifar100, latents: 30)?.gatesOpen == [31, 30, 30])
    #expect(PublishedResults.table1.map(\.mse).reduce(0, +).rounded() == 1077)
  }
}
