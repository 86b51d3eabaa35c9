import Foundation
import TestSupport
import Testing
import Trials

@testable import Sweeps

@Suite("The shipped sweep files")
struct ShippedSweepTests {
  private static let folder = URL(filePath: #filePath).resolvingSymlinksInPath()
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "sweeps")

  private func load(
    _ name: String, set overrides: [String] = [], budgetScale: Double = 1
  ) throws -> SweepPlan {
    try SweepFile.load(
      at: Self.folder.appending(path: name), overrides: overrides, budgetScale: budgetScale)
  }

  @Test("every file loads, asks a question and names its outputs; trials.csv answers readings")
  func all() throws {
    let files = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path)
      .filter { $0.hasSuffix(".yaml") }
    #expect(Set(files).isSuperset(of: ["quickstart.yaml", "table1.yaml"]))
    for file in files {
      let plan = try load(file)
      #expect(plan.question.hasSuffix("?"), "\(file)")
      #expect(plan.outputs.isEmpty == (file == "readings-mnist.yaml"), "\(file)")
      #expect(Set(plan.trials.map(\.id)).count == plan.trials.count, "\(file)")
    }
  }

  @Test("Figure 3: the paper's ten tolerances, 32 dimensions, 2000 epochs of MNIST")
  func figure3() throws {
    let plan = try load("figure3-mnist.yaml")
    #expect(plan.outputs == [.figure3])
    #expect(
      plan.configurations.map(\.tolerance)
        == [3, 4, 6, 8, 10, 14, 18, 22, 26, 30].map { .value($0) })
    for configuration in plan.configurations {
      #expect(configuration.dataset == .mnist)
      #expect(configuration.model.latents == .value(32))
      #expect(configuration.milestones == [.epochs(2000)])
      #expect(configuration.trainer == TrainerSettings())
    }
  }

  @Test("Table I: 15 baselines, and for each a run with twice its dimensions at its error")
  func table1() throws {
    let plan = try load("table1.yaml")
    #expect(plan.trials.count == 30)
    let baselines = plan.stage("baseline")
    let narrowed = plan.stage("narrowed")
    #expect(baselines.count == 15)
    #expect(Set(baselines.map(\.configuration.dataset)).count == 5)
    for (baseline, narrowed) in zip(baselines, narrowed) {
      #expect(baseline.configuration.tolerance == .value(0))
      #expect(baseline.configuration.trainer.klReduction == .sum)
      #expect(baseline.configuration.milestones == [.batches(200_000)])
      #expect(narrowed.parents == [baseline.id])
      #expect(narrowed.configuration.dataset == baseline.configuration.dataset)
      #expect(
        narrowed.configuration.tolerance
          == .measured(ParentMeasurement(trial: baseline.id, output: .mse)))
      #expect(narrowed.configuration.trainer.klReduction == .meanOpen)
      #expect(
        narrowed.configuration.milestones == [
          .batches(200_000), .batches(300_000), .batches(400_000),
        ])
      guard case .value(let n) = baseline.configuration.model.latents else {
        Issue.record("a baseline's n is known")
        continue
      }
      #expect(narrowed.configuration.model.latents == .value(2 * n))
    }
  }

  @Test("one row of Table I at a fiftieth of its cost")
  func rehearsal() throws {
    let plan = try load(
      "table1.yaml", set: ["axes.dataset=[mnist]", "axes.latents=[5]"], budgetScale: 0.02)
    #expect(plan.trials.count == 2)
    #expect(plan.trials[0].configuration.milestones == [.batches(4000)])
    #expect(
      plan.trials[1].configuration.milestones == [.batches(4000), .batches(6000), .batches(8000)])
  }

  @Test("Figures 1 and 2: ten dimensions of dSprites, 50,000 batches")
  func dsprites() throws {
    let figure1 = try load("figure1-dsprites.yaml")
    let figure2 = try load("figure2-dsprites.yaml")
    #expect(figure1.outputs == [.figure1])
    #expect(figure1.trials.count == 1)
    #expect(figure2.outputs == [.figure2])
    #expect(figure2.configurations.map(\.tolerance) == [.value(20), .value(25), .value(35)])
    for configuration in figure1.configurations + figure2.configurations {
      #expect(configuration.dataset == .dsprites)
      #expect(
        configuration.model == ModelSettings(channels: [32, 32, 64, 64], latents: .value(10)))
      #expect(configuration.milestones == [.batches(50_000)])
    }
  }

  @Test("the quick start needs no files and more dimensions than the sprites have factors")
  func quickstart() throws {
    let plan = try load("quickstart.yaml")
    #expect(plan.outputs.contains(.figure3))
    for configuration in plan.configurations {
      #expect(configuration.dataset.isProcedural)
      guard case .value(let n) = configuration.model.latents else {
        Issue.record("the quick start measures nothing")
        continue
      }
      #expect(n >= 5)
    }
    // Ten minutes of two cores.
    #expect(PlanSummary(plan).seconds < 1200)
  }

  @Test("a missing file, and one that is not text")
  func unreadable() throws {
    let missing = URL(filePath: "/nowhere/x.yaml")
    #expect(throws: SweepFileError.self) { try SweepFile.load(at: missing) }
    do {
      _ = try SweepFile.load(at: missing)
    } catch {
      #expect(
        error.description == "/nowhere/x.yaml: an unreadable file (no such file); "
          + "expected a sweep file")
    }
    let folder = try TemporaryFolder()
    let binary = try folder.file(
      "binary.yaml", holding: "sweep: x\nquestion: \u{41}".utf8 + [0xff, 0xfe])
    do {
      _ = try SweepFile.load(at: binary)
      Issue.record("bytes that are not UTF-8 are accepted")
    } catch {
      #expect(
        error.description == "\(binary.path):2:1: bytes that are not UTF-8; expected text")
    }
  }
}
