import Testing
import Trials

@testable import Sweeps

@Suite("Stages and their references")
struct StageTests {
  @Test("a measured tolerance waits for the parent; a static count is resolved at once")
  func references() throws {
    let plan = try plan(twoStages)
    #expect(plan.trials.map(\.stage) == ["baseline", "narrowed"])
    let (baseline, narrowed) = (plan.trials[0], plan.trials[1])
    #expect(baseline.parents.isEmpty)
    #expect(narrowed.parents == [baseline.id])
    #expect(narrowed.configuration.model.latents == .value(10))
    #expect(
      narrowed.configuration.tolerance
        == .measured(ParentMeasurement(trial: baseline.id, output: .mse)))
    #expect(narrowed.configuration.milestones == [.batches(100), .batches(200)])
  }

  @Test(
    "every form of reference",
    arguments: [
      ("tolerance: baseline.mse", TrialOutput.mse, 1.0),
      ("tolerance: 1.1 * baseline.mse", .mse, 1.1),
      ("tolerance: baseline.evaluation_mse*0.5", .evaluationMSE, 0.5),
      ("latents: baseline.gates_open", .gatesOpen, 1),
      ("latents: 2*baseline.gates_open", .gatesOpen, 2),
    ])
  func forms(line: String, output: TrialOutput, factor: Double) throws {
    let key = line.prefix { $0 != ":" }
    let lines = twoStages.split(separator: "\n").map(String.init)
    let changed = lines.enumerated().map { index, text in
      index > 7 && text.contains("\(key):") ? "    " + line : text
    }
    let plan = try plan(changed.joined(separator: "\n"))
    let configuration = plan.trials[1].configuration
    #expect(
      (key == "latents"
        ? configuration.model.latents.measurement : configuration.tolerance.measurement)
        == ParentMeasurement(trial: plan.trials[0].id, output: output, factor: factor))
  }

  @Test("a reference to a parameter that is itself measured multiplies the factors")
  func chained() throws {
    let plan = try plan(
      twoStages + """

          loose:
            latents: 0.5 * narrowed.latents
            tolerance: 3 * narrowed.tolerance
            budget: 100 batches
        """)
    let loose = plan.trials[2].configuration
    #expect(loose.model.latents == .value(5))
    #expect(
      loose.tolerance
        == .measured(ParentMeasurement(trial: plan.trials[0].id, output: .mse, factor: 3)))
  }

  @Test("a stage that measures its parent has in bf16 the seeds that it has in fp32")
  func precisions() throws {
    let plain = try plan(twoStages).configurations
    let rounded = try plan(twoStages + "\ntrainer: {precision: bf16}").configurations
    #expect(plain.map(\.seed) == rounded.map(\.seed))
    #expect(zip(plain, rounded).allSatisfy { $0.id != $1.id })
  }

  @Test("a static count is rounded to the nearest whole number, as a measured one is")
  func rounded() throws {
    let plan = try plan(twoStages.replacing("2 * baseline", with: "1.5 * baseline"))
    #expect(plan.trials[1].configuration.model.latents == .value(8))
  }

  @Test("the parent has the same shared coordinates, seed and replicate")
  func coordinates() throws {
    let plan = try plan(
      """
      sweep: two
      replicates: 2
      axes: {dataset: [mnist, sprites28], latents: [5, 10], seed: [1, 2]}
      stages:
        narrowed: {tolerance: baseline.mse, budget: 200 batches}
        baseline: {tolerance: 0, budget: 100 batches}
      """)
    // Parents are first although the file names them last.
    #expect(plan.stage("baseline") + plan.stage("narrowed") == plan.trials)
    #expect(plan.trials.count == 32)
    for (baseline, narrowed) in zip(plan.stage("baseline"), plan.stage("narrowed")) {
      #expect(narrowed.parents == [baseline.id])
      #expect(narrowed.configuration.dataset == baseline.configuration.dataset)
      #expect(narrowed.configuration.model == baseline.configuration.model)
      #expect(narrowed.replicate == baseline.replicate)
    }
  }

  @Test("a reference over a shared axis of the same key still puts the parent first")
  func hiddenAxis() throws {
    let plan = try plan(
      """
      sweep: two
      dataset: mnist
      tolerance: 3
      budget: 100 batches
      axes: {latents: [5, 10]}
      stages:
        wide: {latents: 2 * narrow.latents}
        narrow: {tolerance: 0}
      """)
    #expect(plan.trials.map(\.stage) == ["narrow", "narrow", "wide", "wide"])
    #expect(
      plan.configurations.map(\.model.latents) == [.value(5), .value(10), .value(10), .value(20)])
  }

  @Test("a stage's own axis may be over multiples of a measured number")
  func ownAxis() throws {
    let plan = try plan(
      twoStages.replacing(
        "    tolerance: baseline.mse\n",
        with: "    axes: {tolerance: [0.9 * baseline.mse, baseline.mse]}\n"))
    #expect(
      plan.stage("narrowed").map(\.configuration.tolerance.measurement?.factor) == [0.9, 1])
  }

  @Test("a stage overrides the top level's values and axes")
  func overriding() throws {
    let plan = try plan(
      """
      sweep: two
      dataset: mnist
      tolerance: 3
      trainer: {learning_rate: 0.01, gate_steepness: 5}
      budget: 100 batches
      axes: {latents: [5, 10]}
      stages:
        a: {trainer: {gate_steepness: 9}}
        b: {latents: 20, axes: {tolerance: [4, 5]}}
      """)
    #expect(plan.stage("a").map(\.configuration.trainer.gateSteepness) == [9, 9])
    #expect(plan.trials.allSatisfy { $0.configuration.trainer.learningRate == 0.01 })
    // Both points of the shared axis are the same in b, which sets its own n.
    #expect(plan.stage("b").map(\.configuration.tolerance) == [.value(4), .value(5)])
    #expect(plan.stage("b").allSatisfy { $0.configuration.model.latents == .value(20) })
  }

  @Test("a child's identity and seed follow its parent's")
  func merkle() throws {
    let one = try plan(twoStages)
    let other = try plan(
      twoStages.replacing("latents: 5", with: "latents: 5\n    channels: [8, 8, 8]"))
    #expect(one.trials[1].id != other.trials[1].id)
    #expect(one.trials[1].configuration.seed != other.trials[1].configuration.seed)
  }

  static let unfollowable: [(old: String, new: String, message: String)] = [
    (
      "baseline.mse", "basline.mse",
      "x.yaml:10:16: a reference to the unknown stage \"basline\"; "
        + "expected one of the stages baseline, narrowed; did you mean \"baseline\"?"
    ),
    (
      "baseline.mse", "narrowed.mse",
      "x.yaml:10:16: a reference of stage \"narrowed\" to itself; "
        + "expected a reference to another stage"
    ),
    (
      "baseline.mse", "baseline.mes",
      "x.yaml:10:16: baseline.mes for tolerance; expected a squared error per image: one of "
        + "baseline.tolerance, baseline.mse, baseline.evaluation_mse; did you mean \"baseline.mse\"?"
    ),
    (
      "baseline.mse", "2 * baseline.gates_open",
      "x.yaml:10:16: baseline.gates_open for tolerance; expected a squared error per image: one of "
        + "baseline.tolerance, baseline.mse, baseline.evaluation_mse"
    ),
    (
      "2 * baseline.latents", "baseline.mse",
      "x.yaml:9:14: baseline.mse for latents; expected a count: one of baseline.latents, "
        + "baseline.gates_open"
    ),
    (
      "2 * baseline.latents", "1000 * baseline.latents",
      "x.yaml:9:14: 1000 * baseline.latents = 5000 for latents; expected 1 to 4096"
    ),
    (
      "2 * baseline.latents", "0 * baseline.latents",
      "x.yaml:9:14: 0 * baseline.latents for latents; expected \(MalformedFileTests.latentsText)"
    ),
    (
      "baseline.mse", "baseline.mse + 1",
      "x.yaml:10:16: baseline.mse + 1 for tolerance; expected \(MalformedFileTests.toleranceText)"
    ),
    (
      "tolerance: 0", "tolerance: narrowed.mse",
      "x.yaml:6:16: a cycle of references (baseline → narrowed → baseline); "
        + "expected stages that wait for no one who waits for them"
    ),
    (
      "    tolerance: 0\n", "    axes: {tolerance: [0, 1]}\n",
      "x.yaml:9:14: an ambiguous reference to stage \"baseline\", which has its own axis "
        + "(tolerance); expected a stage that varies only along the axes that all stages share"
    ),
    (
      "dataset: mnist", "dataset: mnist\naxes: {learning_rate: [0.1], tolerance: [baseline.mse]}",
      "x.yaml:3:42: baseline.mse on an axis that all stages share; "
        + "expected the axis under the stage that refers to baseline"
    ),
    (
      "dataset: mnist", "dataset: mnist\ntolerance: 7",
      "x.yaml:3:12: tolerance at the top level, which every stage sets for itself; "
        + "expected it under stages.baseline or stages.narrowed"
    ),
    (
      "dataset: mnist", "dataset: mnist\naxes: {budget: [1 epoch]}",
      "x.yaml:3:8: a shared axis over budget, which every stage sets for itself; "
        + "expected a stage that varies along it"
    ),
    (
      "  narrowed:", "  2nd:", "x.yaml:8:3: \"2nd\" for a stage; expected \(Name.expectation)"
    ),
    (
      "    tolerance: 0\n", "    tolerance: 0\n    seed: 3\n",
      "x.yaml:7:5: unknown key \"seed\"; expected one of dataset, latents, channels, tolerance, "
        + "trace, budget, model, trainer, axes, zip"
    ),
  ]

  @Test("invalid references, and settings without effect", arguments: unfollowable)
  func broken(old: String, new: String, message: String) {
    #expect(errors(twoStages.replacing(old, with: new, maxReplacements: 1)).contains(message))
  }

  @Test("a longer cycle is reported once, starting with the file's first stage")
  func cycle() {
    let text = """
      sweep: cycle
      dataset: mnist
      latents: 5
      budget: 1 epoch
      stages:
        first: {tolerance: a.mse}
        a: {tolerance: b.mse}
        b: {tolerance: c.mse}
        c: {tolerance: a.mse}
      """
    #expect(
      errors(text) == [
        "x.yaml:7:18: a cycle of references (a → b → c → a); "
          + "expected stages that wait for no one who waits for them"
      ])
  }

  @Test("a stage that is not a mapping is one error, not one per missing key")
  func noMapping() {
    let text = "sweep: s\ndataset: mnist\nstages:\n  a: 3\n"
    #expect(
      errors(text) == [
        "x.yaml:4:6: 3 for stage a; expected a mapping of dataset, latents, channels, tolerance, "
          + "trace, budget, model, trainer, axes, zip"
      ])
  }
}
