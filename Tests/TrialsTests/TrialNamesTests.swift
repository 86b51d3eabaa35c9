import Testing
import Trials

@Suite("Names of trials for people")
struct TrialNamesTests {
  private func trial(
    stage: String = "main", replicate: Int = 0, dataset: Dataset = .mnist, latents: Int = 10,
    tolerance: Parameter<Double> = .value(3), rate: Double = 0.001, seed: UInt64 = 1
  ) -> PlannedTrial {
    var trainer = TrainerSettings()
    trainer.learningRate = rate
    return PlannedTrial(
      stage: stage, replicate: replicate,
      configuration: TrialConfiguration(
        dataset: dataset,
        model: ModelSettings(channels: [4, 4, 8], latents: .value(latents)), tolerance: tolerance,
        milestones: [.batches(100)], trainer: trainer, seed: seed))
  }

  private func names(_ trials: [PlannedTrial]) -> [String] {
    let names = TrialNames(of: trials)
    return trials.map(names.name)
  }

  @Test("a name contains what varies, and nothing else")
  func varying() {
    #expect(
      names([trial(tolerance: .value(3)), trial(tolerance: .value(8.5), seed: 2)])
        == ["τ = 3", "τ = 8.5"])
    #expect(
      names([
        trial(dataset: .mnist, rate: 0.001), trial(dataset: .fashionMNIST, rate: 0.001),
        trial(dataset: .mnist, rate: 0.01),
      ])
        == [
          "mnist, learning_rate = 0.001", "fashion-mnist, learning_rate = 0.001",
          "mnist, learning_rate = 0.01",
        ])
    #expect(
      names([trial(replicate: 0), trial(replicate: 1)]) == ["replicate = 0", "replicate = 1"])
    #expect(names([trial()]) == ["main"])
  }

  @Test("in a sweep of several stages a name begins with the stage; measured values are omitted")
  func stages() {
    let baselines = [5, 10].map { trial(stage: "baseline", latents: $0, tolerance: .value(0)) }
    let narrowed = baselines.map { baseline in
      trial(
        stage: "narrowed", latents: 20,
        tolerance: .measured(ParentMeasurement(trial: baseline.id, output: .mse, factor: 1)))
    }
    #expect(
      names(baselines + narrowed)
        == ["baseline: n = 5", "baseline: n = 10", "narrowed", "narrowed"])
  }

  @Test("a sentence has the identity if it has to be typed or the name is ambiguous")
  func words() {
    func words(_ trials: [PlannedTrial], isTyped: Bool = false) -> [String] {
      let names = TrialNames(of: trials)
      return trials.map { names.words(of: $0, isTyped: isTyped) }
    }
    let plain = [trial(tolerance: .value(3)), trial(tolerance: .value(8), seed: 2)]
    #expect(words(plain) == ["τ = 3", "τ = 8"])
    #expect(
      words(plain, isTyped: true) == ["τ = 3 (\(plain[0].id))", "τ = 8 (\(plain[1].id))"])
    let waiting = [5.0, 6].map { factor in
      trial(
        tolerance: .measured(ParentMeasurement(trial: plain[0].id, output: .mse, factor: factor)))
    }
    #expect(words(waiting) == waiting.map { "main (\($0.id))" })
    let seeds = [trial(seed: 1), trial(seed: 2)]
    #expect(words(seeds) == seeds.map { "main (\($0.id))" })
    #expect(words([trial()]) == ["main"])
  }

  @Test(
    "facts match values that people type",
    arguments: [
      ("latents", "10", true), ("latents", "10.0", true), ("latents", "1", false),
      ("tolerance", "3", true), ("tolerance", "3.0", true), ("learning_rate", "1e-3", true),
      ("channels", "[4,4,8]", true), ("channels", "[4, 4, 16]", false), ("stage", "main", true),
      ("dataset", "MNIST", true), ("budget", "100 batches", true), ("replicate", "0", true),
      ("kl_reduction", "mean-open", true), ("seed", "0000000000000001", true),
      ("seed", "s0000000000000001", true),
      ("seed", "1", false),
    ])
  func matching(key: String, text: String, isMatch: Bool) throws {
    let fact = try #require(TrialFact.all.first { $0.key == key })
    #expect(fact.matches(text, in: trial()) == isMatch)
  }

  @Test("a value that waits for a parent matches no number")
  func waiting() throws {
    let fact = try #require(TrialFact.all.first { $0.key == "tolerance" })
    let parent = trial()
    let waiting = trial(
      tolerance: .measured(ParentMeasurement(trial: parent.id, output: .mse, factor: 1)))
    #expect(fact.text(in: waiting) == nil)
    #expect(!fact.matches("0", in: waiting))
  }
}
