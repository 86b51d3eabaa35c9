import Trials

/// The reference of all keys of a sweep file, for people.
package enum SettingsReference {
  /// A sweep file's keys, then every trainer setting with default, range and meaning; ends with a
  /// line feed.
  package static var text: String {
    var lines = ["Keys of a sweep file", ""]
    lines += TextTable.lines(sweepKeys, leftAligned: [0, 1]).map { "  " + $0 }
    lines += [
      "",
      "Keys at the top level (every stage's default), in a stage, or under axes or zip with a list",
      "",
    ]
    lines += TextTable.lines(trialKeys, leftAligned: [0, 1]).map { "  " + $0 }
    lines += ["", "Keys under trainer, or under axes or zip with a list", ""]
    lines += TextTable.lines(trainerKeys, leftAligned: [0, 1, 2, 3]).map { "  " + $0 }
    lines += ["", "Keys under limits; they do not affect a trial's identity", ""]
    lines += TextTable.lines(limitKeys, leftAligned: [0, 1, 2, 3]).map { "  " + $0 }
    lines += ["", "Axes"]
    lines += axisNotes.map { "  " + $0 }
    lines += ["", "References"]
    lines += referenceNotes.map { "  " + $0 }
    return lines.joined(separator: "\n") + "\n"
  }

  private static let sweepKeys: [[String]] = [
    ["sweep", "the sweep's name: letters, digits, _ and -"],
    ["question", "the question that the sweep answers, one line"],
    ["seed", "whole number that every trial's seed is derived from; 1 if left out"],
    ["replicates", "repetitions of every point, each with its own seed; 1"],
    [
      "outputs",
      "list of " + SweepOutput.allCases.map(\.rawValue).joined(separator: ", ")
        + "; none; latents has every trial record what it shows",
    ],
    ["axes", "mapping of keys to lists; every combination is a point of the grid"],
    ["zip", "mapping of keys to lists of one length that vary together, or a list of such"],
    ["stages", "mapping of names to stages, whose trials can use one another's results"],
    ["limits", "mapping of the keys below: when to stop, how careful to be"],
  ]

  private static var trialKeys: [[String]] {
    [TrialKey.dataset, .latents, .channels, .tolerance, .trace, .budget, .seed].flatMap { key in
      [[key.name, meaning(of: key)], ["", ValueReader.expectation(key)]]
    }
  }

  private static func meaning(of key: TrialKey) -> String {
    switch key {
    case .dataset: "images to train on"
    case .latents: "n, latent dimensions provisioned (or model: {latents: …})"
    case .channels:
      "widths of the encoder's convolutions (or model: {channels: …}); by default "
        + "\(TrialConfiguration.defaultChannels(for: .mnist)) for 28×28 and "
        + "\(TrialConfiguration.defaultChannels(for: .dsprites)) for 64×64 images"
    case .tolerance: "τ, summed squared error per image; 0 makes a baseline"
    case .trace:
      "in place of tolerance: the tolerances that one trial visits one after the other, each for the "
        + "budget at most; it reports at the end of each"
    case .budget:
      "when the trial reports; the last milestone ends it, or with until: quiet what comes first"
    case .seed: "as an axis only: varies the sweep's seed"
    case .trainer(let name): TrialKey.setting(name).summary
    }
  }

  private static var trainerKeys: [[String]] {
    [["key", "default", "accepts", "meaning"]]
      + TrainerSetting.all.map { setting in
        [
          setting.key, setting.text(in: TrainerSettings()), setting.expectation, setting.summary,
        ]
      }
  }

  private static var limitKeys: [[String]] {
    [["key", "default", "accepts", "meaning"]]
      + LimitsReader.documentation.map { key, meaning, standard in
        [key, standard, LimitsReader.expectation(key), meaning]
      }
  }

  private static let axisNotes = [
    "tolerance: [3, 10, 30]                            a list of values",
    "latents: {from: 5, to: 30, step: 5}               both ends included",
    "trainer.learning_rate: {from: 1e-4, to: 1e-2, count: 5, scale: log}",
    "budget: [100 epochs, [50 epochs, 200 epochs]]     a list in the list: milestones of one run",
    "channels: [[8, 16, 32], [32, 32, 64]]",
    "trace: [[3, 5, 8], [8, 5, 3]]                     two traced trials, one upwards, one downwards",
    "budget: [{until: quiet, within: 2000 epochs}]     it may end once nothing changes any more",
    "  with milestones: [200 epochs] it reports there, too; window: 20000 batches is the shortest rest",
  ]

  private static var referenceNotes: [String] {
    let lines = [TrialKey.latents, .tolerance].map { key in
      let outputs = StageOutput.fitting(key).map { "STAGE.\($0.rawValue)" }
      return "\(key.name): \(outputs.joined(separator: ", ")), also with a factor: 1.1 * STAGE."
        + (StageOutput.fitting(key).last?.rawValue ?? "")
    }
    return lines + [
      "They mean the trial of that stage at the same point of the shared axes, with the same",
      "seed and replicate. gates_open, mse and evaluation_mse are known when it has ended.",
    ]
  }
}
